import type { Credentials, KnownValues } from './requests.js';

/** Makes a kill, an override and a ticket for events, so that what needs one gets further than "there is none". */
export async function knownValues(url: string, credentials: Credentials): Promise<KnownValues> {
  const post = async (path: string, caller: string, body: object): Promise<unknown> => {
    const headers = { ...credentials[caller], 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const until = Date.now() + 86_400_000;
  const override = { id: 'an-override', tenant: 'globex', flag: 'ai.copilot', force: 'off', until, reason: 'fuzzing' };
  await post('/v1/operator/overrides', 'operator', override);
  const kill = await post('/v1/operator/kills', 'operator', { scope: { tenant: 'globex' }, reason: 'fuzzing' });
  const bulk = (await post('/ofrep/v1/evaluate/flags', 'user', { context: {} })) as {
    readonly eventStreams: readonly { readonly endpoint: { readonly requestUri: string } }[];
  };
  const uri = bulk.eventStreams[0]?.endpoint.requestUri ?? '';
  const ticket = new URL(uri, url).searchParams.get('ticket') ?? '';
  return { id: [(kill as { readonly id: string }).id, override.id], ticket: [ticket] };
}
