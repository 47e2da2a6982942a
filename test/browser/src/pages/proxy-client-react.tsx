import { FlagProvider, useFlag } from '@unleash/proxy-client-react';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { AI, frontendToken, gateway, identity, PLAIN, show, user } from './shown.js';

function Page() {
  const plain = useFlag(PLAIN);
  const ai = useFlag(AI);
  useEffect(() => {
    show('plain', plain);
    show('ai', ai);
  }, [plain, ai]);
  return null;
}

const config = {
  url: `${gateway}/api/frontend`,
  clientKey: frontendToken,
  appName: 'page',
  refreshInterval: 1,
  context: { userId: user },
  customHeaders: { 'X-Rampart-Identity': identity },
};
createRoot(document.body.appendChild(document.createElement('div'))).render(
  <FlagProvider config={config}>
    <Page />
  </FlagProvider>,
);
