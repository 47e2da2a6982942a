import { UnleashWebProvider } from '@openfeature/unleash-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { AI, frontendToken, gateway, identity, PLAIN, show, user } from './shown.js';

const client = OpenFeature.getClient();
const draw = (): void => {
  show('plain', client.getBooleanValue(PLAIN, false));
  show('ai', client.getBooleanValue(AI, false));
};
client.addHandler(ProviderEvents.ConfigurationChanged, draw);
await OpenFeature.setProviderAndWait(
  new UnleashWebProvider({
    url: `${gateway}/api/frontend`,
    clientKey: frontendToken,
    appName: 'page',
    refreshInterval: 1,
    customHeaders: { 'X-Rampart-Identity': identity },
  }),
);
// It does not map targetingKey: the user goes by Unleash's own name.
await OpenFeature.setContext({ userId: user });
draw();
