import { OpenFeatureProvider } from '@openfeature/react-sdk';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { askFor, startFlags } from './flags.js';
import { fetchSettings, Session } from './session.js';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');
const settings = await fetchSettings();
const session = new Session();
const first = new URLSearchParams(location.search).get('as');
// Who is asking is known before the first question.
if (first !== null) await session.signIn(first).catch(() => {});
await askFor(session.person);

createRoot(root).render(
  <OpenFeatureProvider>
    <App settings={settings} session={session} />
  </OpenFeatureProvider>,
);
await startFlags(settings, session);
