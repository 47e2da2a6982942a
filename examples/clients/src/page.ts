import { InMemoryStorageProvider, UnleashClient } from 'unleash-proxy-client';
import { frontendToken, gateway, onSignIn, type User } from './your-settings.js';

const COPILOT = 'ai.support-copilot';
let leave = (): void => {};

// Nothing of the user before stays while the gateway is asked about this one.
onSignIn((user) => {
  leave();
  draw();
  if (user !== undefined) leave = follow(user);
});

/** A client of this user's own: shown from its first answer, hidden while the gateway refuses or is away. */
function follow({ token }: User): () => void {
  let state: 'asking' | 'answered' | 'left' = 'asking';
  const unleash = new UnleashClient({
    url: `${gateway}/api/frontend`, // was: your Unleash, or its Edge
    clientKey: frontendToken,
    appName: 'support',
    refreshInterval: 5,
    storageProvider: new InMemoryStorageProvider(), // the default shows what the browser stored of the user before
    fetch: async (url: string, request: RequestInit) => {
      const headers = new Headers(request.headers);
      headers.set('X-Rampart-Identity', await token()); // each time: the first one expires
      if (state === 'asking') headers.delete('If-None-Match'); // "not modified" would be no event
      return fetch(url, { ...request, headers, signal: AbortSignal.timeout(4_000) });
    },
  });
  const become = (next: 'asking' | 'answered'): void => {
    if (state === 'left') return;
    state = next;
    draw(next === 'answered' ? unleash : undefined);
  };
  unleash.on('update', () => become('answered'));
  unleash.on('error', ({ type }: { readonly type?: string }) => {
    if (type !== 'metrics') become('asking');
  });
  // Stopped before its first answer, it would begin to poll after it.
  void unleash.start().then(() => state === 'left' && unleash.stop());
  return () => {
    state = 'left';
    unleash.stop();
  };
}

/** Yours draws a page. Without a client there is no AI to show. */
function draw(unleash?: UnleashClient): void {
  const toggle = unleash?.getAllToggles().find(({ name }) => name === COPILOT);
  console.log(unleash?.isEnabled(COPILOT) ?? false);
  if (toggle) console.log(toggle); // with `decision`: { outcome: 'paywall', paywall: { requiredTier: 'pro', … } }, say
}
