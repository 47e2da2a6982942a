import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk';
import { frontendToken, gateway, onSignIn, type User } from './your-settings.js';

const client = OpenFeature.getClient();
let signedIn: User | undefined;
let again: ReturnType<typeof setTimeout> | undefined;

/** A provider of this user's own. Until its first answer every flag has its default, and where it failed too. */
function follow(): void {
  clearTimeout(again);
  const user = signedIn;
  const provider = new OFREPWebProvider({
    baseUrl: gateway,
    headersFactory: async () => [
      ['Authorization', frontendToken],
      ...(user ? [['X-Rampart-Identity', await user.token()] satisfies [string, string]] : []),
    ],
    cacheMode: 'disabled',
    pollInterval: 5_000,
    timeoutMs: 4_000,
  });
  OpenFeature.setProviderAndWait(provider as Provider, user ? { targetingKey: user.id } : {}).catch(() => {});
  draw();
}

function draw(): void {
  const { value, flagMetadata } = client.getBooleanDetails('ai.support-copilot', false);
  console.log(value, flagMetadata['outcome'], flagMetadata['gate']); // false 'paywall' 'tier', say
}

client.addHandler(ProviderEvents.Ready, draw);
client.addHandler(ProviderEvents.ConfigurationChanged, draw);
// A provider in trouble keeps what it knew, and one that failed at first never asks again: begin anew.
for (const trouble of [ProviderEvents.Stale, ProviderEvents.Error])
  client.addHandler(trouble, () => {
    clearTimeout(again);
    again = setTimeout(follow, 1_000 + Math.random() * 2_000);
  });

onSignIn((user) => {
  signedIn = user;
  follow();
});
