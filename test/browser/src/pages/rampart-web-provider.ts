import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { RampartWebProvider, readWebDecision } from '@rampart/web-provider';
import { AI, frontendToken, gateway, identity, PLAIN, show, user } from './shown.js';

const client = OpenFeature.getClient();
const draw = (): void => {
  show('plain', client.getBooleanValue(PLAIN, false));
  show('ai', client.getBooleanValue(AI, false));
  show('outcome', readWebDecision(client, AI).outcome);
};
client.addHandler(ProviderEvents.ConfigurationChanged, draw);
await OpenFeature.setContext({ targetingKey: user });
await OpenFeature.setProviderAndWait(
  new RampartWebProvider({
    // No poll within the time of a test: what changes is told by the stream.
    unleash: { url: `${gateway}/api/frontend`, clientKey: frontendToken, appName: 'page', refreshInterval: 600 },
    identity: () => identity,
    events: gateway,
  }),
);
draw();
