import { type AdminClient, createAdminClient } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from '@rampart/unleash-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carryOutFlip, FLIPS } from '../../examples/support-copilot/src/flips.js';
import { check, ENVIRONMENT, setUp } from '../../examples/support-copilot/src/operator.js';
import { type DemoControl, recordControl } from '../../examples/support-copilot/src/recorded-control.js';
import { type Reply, type Service, startService } from '../../examples/support-copilot/src/service.js';
import { directory, SUBJECTS } from '../../examples/support-copilot/src/subjects.js';
import { ask, shadowRuns } from '../../examples/support-copilot/src/visitor.js';

const VERSIONS: readonly (readonly [UnleashVersion, string])[] = [
  ['7', '7.5.1'],
  ['8', '8.2.0'],
];

describe.each(VERSIONS)('the demo on a real Unleash %s', (version, full) => {
  let server: UnleashServer;
  let client: AdminClient;
  let service: Service;
  let recorded: DemoControl;

  beforeAll(async () => {
    server = await startUnleashServer({ version });
    client = createAdminClient({ url: server.url, token: server.adminToken, environment: ENVIRONMENT });
    await setUp(client);
    recorded = await recordControl();
    const unleash = { url: server.apiUrl, token: server.clientToken[ENVIRONMENT] };
    service = await startService({ unleash, control: recorded.control, directory, refreshInterval: 500 });
  });
  afterAll(async () => {
    await service?.close();
    await recorded?.remove();
    await server?.stop();
  });

  const post = async (path: string, body: object): Promise<Reply> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(service.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as Reply;
  };

  it('is that version', async () => {
    expect(await client.instance.info()).toMatchObject({ version: full });
  });

  it('set up flags that lint finds nothing wrong with', async () => {
    expect(await check(client)).toEqual([]);
  });

  it.each(SUBJECTS)('answers $who on $flag ($expected.outcome, $expected.gate)', async (subject) => {
    expect(await ask(service.url, subject)).toEqual(subject.expected);
  });

  it('ran the change in shadow for exactly those whom it covers, and showed nothing of it', async () => {
    // Staff and the two enterprise tenants of the table; HIPAA data is excluded from it as from everything.
    await expect.poll(() => shadowRuns(service.url)).toEqual({ 'ai.support-copilot.model-x': { runs: 3, same: 1 } });
  });

  it('tells people what they can do about it', async () => {
    const question = 'How do I change my password?';
    expect(await post('/reply', { tenantId: 'meadow', userId: 'ann', question })).toMatchObject({
      kind: 'paywall',
      paywall: { currentTier: 'free', requiredTier: 'pro', upgradeUrl: 'https://example.com/upgrade' },
    });
    expect(await post('/refund-advice', { tenantId: 'globex', userId: 'ann', question })).toMatchObject({
      kind: 'consent_required',
    });
    expect(await post('/reply', { tenantId: 'northwind', userId: 'ann', question })).toMatchObject({
      kind: 'answer',
      route: 'review',
      disclosure: 'Written by AI',
    });
  });

  it('is closed for tenants that nobody knows', async () => {
    const reply = await post('/reply', { tenantId: 'constructor', userId: 'ann', question: 'password?' });
    expect(reply).toMatchObject({ kind: 'no_ai', why: { outcome: 'off', gate: 'exclusion', detail: 'missing' } });
  });

  it('holds to the calls per hour', async () => {
    const replies: string[] = [];
    for (let call = 1; call <= 21; call += 1) {
      replies.push((await post('/refund-advice', { tenantId: 'willow', userId: 'bo', question: 'refund?' })).kind);
    }
    // The table above took one of the twenty.
    expect(replies).toEqual([...Array<string>(19).fill('answer'), 'no_ai', 'no_ai']);
  });

  it.each(FLIPS)('changes live: $what', async (flip) => {
    const seen = await carryOutFlip(flip, { client, control: recorded.control, service: service.url });
    expect(seen.map(({ seenBefore, seenAfter }) => [seenBefore, seenAfter])).toEqual(
      seen.map(({ before, after }) => [before, after]),
    );
    if (flip.arrives === 'at once') expect(seen.map(({ requests }) => requests)).toEqual([1]);
  });
});
