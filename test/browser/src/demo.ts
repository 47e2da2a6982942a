import { startWebDemo, type WebDemo } from '@rampart/example-web';
import { startUnleashServer, type UnleashServer } from '@rampart/unleash-server';
import { afterAll, beforeAll } from 'vitest';

/** The demo of `examples/web` on a real Unleash, for all tests of a file. */
export interface RunningDemo extends WebDemo {
  readonly unleash: UnleashServer;
  /** A token as somebody of the demo. */
  signIn(person: string): Promise<string>;
  /** What a tenant's admin says, over HTTP. */
  say(admin: string, tenant: string, state: 'opt_in' | 'opt_out'): Promise<void>;
}

const CLASS = 'reply_copilot';

/** @param prepare runs when Unleash is there; gives origins of other pages */
export function useDemo(prepare?: (unleash: UnleashServer) => Promise<readonly string[]>): () => RunningDemo {
  let demo: RunningDemo | undefined;
  let unleash: UnleashServer | undefined;
  beforeAll(async () => {
    unleash = await startUnleashServer();
    const origins = (await prepare?.(unleash)) ?? [];
    demo = withVisitors(await startWebDemo({ unleash, origins }), unleash);
  }, 300_000);
  afterAll(async () => {
    await demo?.close();
    await unleash?.stop();
  });
  return () => {
    if (demo === undefined) throw new Error('The demo is there only inside hooks and tests.');
    return demo;
  };
}

function withVisitors(demo: WebDemo, unleash: UnleashServer): RunningDemo {
  const signIn = async (person: string): Promise<string> => {
    const response = await fetch(`${demo.url}/demo/sign-in`, { method: 'POST', body: JSON.stringify({ person }) });
    return ((await response.json()) as { readonly token: string }).token;
  };
  return {
    ...demo,
    unleash,
    signIn,
    async say(admin, tenant, state) {
      const headers = { authorization: `Bearer ${await signIn(admin)}`, 'content-type': 'application/json' };
      const url = `${demo.gateway}/v1/tenants/${tenant}/consents`;
      const { consents } = (await (await fetch(url, { headers })).json()) as Consents;
      const expected = consents.find(({ featureClass }) => featureClass === CLASS)?.revision;
      const body = JSON.stringify({ state, reason: 'a test', expected });
      const response = await fetch(`${url}/${CLASS}`, { method: 'PUT', headers, body });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    },
  };
}

interface Consents {
  readonly consents: readonly { readonly featureClass: string; readonly revision?: string }[];
}
