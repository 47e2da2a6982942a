import { OpenFeatureProvider } from '@openfeature/react-sdk';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { askFor, startFlags } from './flags.js';
import { Problem } from './problem.js';
import { fetchSettings, Session } from './session.js';

const element = document.getElementById('root');
if (element === null) throw new Error('the page has no #root');
const root = createRoot(element);
await start();

async function start(): Promise<void> {
  const settings = await fetchSettings().catch(() => undefined);
  if (settings === undefined) return root.render(<NotLoaded />);
  const session = new Session();
  const first = new URLSearchParams(location.search).get('as');
  // Who is asking is known before the first question.
  if (first !== null) await session.signIn(first).catch(() => {});
  await askFor(session.person);
  root.render(
    <OpenFeatureProvider>
      <App settings={settings} session={session} refused={first !== null && session.person === undefined} />
    </OpenFeatureProvider>,
  );
  await startFlags(settings, session);
}

function NotLoaded() {
  return (
    <main className="sign-in">
      <h1>Harbor Desk</h1>
      <Problem text="Harbor Desk could not be loaded." onRetry={start} />
    </main>
  );
}
