import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { AI, frontendToken, gateway, identity, PLAIN, show, user } from './shown.js';

const client = OpenFeature.getClient();
const draw = (): void => {
  show('plain', client.getBooleanValue(PLAIN, false));
  show('ai', client.getBooleanValue(AI, false));
  show('outcome', client.getBooleanDetails(AI, false).flagMetadata['outcome']);
};
client.addHandler(ProviderEvents.ConfigurationChanged, draw);
await OpenFeature.setContext({ targetingKey: user });
await OpenFeature.setProviderAndWait(
  new OFREPWebProvider({
    baseUrl: gateway,
    headers: [
      ['Authorization', frontendToken],
      ['X-Rampart-Identity', identity],
    ],
    // Its default shows what is stored, a former tenant's consent among it, before it asks.
    cacheMode: 'disabled',
  }),
);
draw();
