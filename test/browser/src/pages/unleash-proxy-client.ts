import { UnleashClient } from 'unleash-proxy-client';
import { AI, frontendToken, gateway, identity, PLAIN, show, user } from './shown.js';

const unleash = new UnleashClient({
  url: `${gateway}/api/frontend`,
  clientKey: frontendToken,
  appName: 'page',
  refreshInterval: 1,
  context: { userId: user },
  customHeaders: { 'X-Rampart-Identity': identity },
});
const draw = (): void => {
  show('plain', unleash.isEnabled(PLAIN));
  show('ai', unleash.isEnabled(AI));
  const toggle = unleash.getAllToggles().find(({ name }) => name === AI) as { decision?: { outcome: string } };
  // What nobody can change is not listed.
  show('outcome', toggle?.decision?.outcome ?? 'off');
};
unleash.on('update', draw);
await unleash.start();
