import type { App } from '@rampart/gateway';
import { beforeAll, describe, expect, test } from 'vitest';
import { newKey, operator, page, service, tenantAdmin, useGateway } from './fixture.js';

const gateway = useGateway();
const tracker = newKey('tracker', { may: ['track'], flags: ['ai.copilot*'] });
const reader = newKey('reader', { may: ['evaluate'] });
let app: App;
beforeAll(async () => {
  const keys = [service, operator, tracker, reader].map(({ configured }) => configured);
  app = await gateway({ keep: true, keys });
});

async function send(events: unknown, headers: Record<string, string> = service.headers) {
  const response = await app.inject({ method: 'POST', url: '/v1/events', headers, payload: { events } });
  return { status: response.statusCode, body: response.json() };
}

let ids = 0;
const score = (over: object = {}) => ({ id: `score-${(ids += 1)}`, name: 'faithfulness', value: 0.9, ...over });

describe('of services', () => {
  test('anything of anyone is recorded, and counted once however often it is sent', async () => {
    const [one, two] = [
      score({
        at: 5,
        tenantId: '1',
        targetingKey: 'ada',
        flag: 'ai.copilot',
        change: 'ai.copilot.v1',
        variant: 'blue',
      }),
      score({ attributes: { model: 'm', tokens: [1, 2] } }),
    ];
    expect(await send([one, two])).toEqual({ status: 200, body: { recorded: 2, duplicates: 0 } });
    expect(await send([two, one, score()])).toEqual({ status: 200, body: { recorded: 1, duplicates: 2 } });
    expect(await send([one], tracker.headers)).toMatchObject({ body: { duplicates: 1 } });
  });

  test('five hundred in one batch, and no more', async () => {
    const many = Array.from({ length: 500 }, () => score());
    expect((await send(many)).body).toEqual({ recorded: 500, duplicates: 0 });
    expect((await send([...many, score()])).status).toBe(400);
  });

  test.each<[string, object]>([
    ['no id', { ...score(), id: undefined }],
    ['an id with a space', score({ id: 'a b' })],
    ['a value that is none', score({ value: 'high' })],
    ['a user without a tenant', score({ targetingKey: 'ada' })],
    ['a field that is not known', score({ tenant: '1' })],
    ['too many attributes', score({ attributes: { text: 'x'.repeat(8_001) } })],
    ['a NUL', score({ attributes: { text: 'a\0b' } })],
    ['feedback by ticket', { name: 'feedback', decision: 'v1.x.y', helpful: true }],
  ])('%s refuses the whole batch', async (_what, event) => {
    const good = score();
    const refused = await send([good, event]);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).not.toMatch(/xxxx|ada|high/);
    expect((await send([good])).body).toEqual({ recorded: 1, duplicates: 0 });
  });

  test('need the permission, and a key that covers the flag', async () => {
    expect((await send([score()], reader.headers)).status).toBe(403);
    expect((await send([score({ flag: 'ai.other' })], tracker.headers)).status).toBe(403);
    expect((await send([score({ change: 'ai.other.v1' })], tracker.headers)).status).toBe(403);
    expect((await send([score({ flag: 'ai.copilot', change: 'ai.copilot.v1' })], tracker.headers)).status).toBe(200);
  });

  test('nobody else sends any', async () => {
    for (const headers of [operator.headers, await tenantAdmin('1')])
      expect((await send([score()], headers)).status).toBe(403);
    expect((await send([score()], {})).status).toBe(401);
  });
});

describe('of pages', () => {
  const ada = { sub: 'ada', tenant_id: '7', tier: 'pro', labels: [] };
  /** The ticket that a page is given with its decision. */
  async function ticketOf(claims: object): Promise<string> {
    await app.inject({
      method: 'PUT',
      url: '/v1/tenants/7/consents/copilot',
      headers: service.headers,
      payload: { state: 'opt_in', actor: 'ana' },
    });
    const url = '/ofrep/v1/evaluate/flags/ai.copilot:object';
    const response = await app.inject({
      method: 'POST',
      url,
      headers: await page({ ...claims }),
      payload: { context: {} },
    });
    return response.json().value.feedback as string;
  }
  const feedback = (decision: string, over: object = {}) => ({ name: 'feedback', decision, helpful: true, ...over });

  test('one word on each decision that they were given', async () => {
    const [ticket, headers] = [await ticketOf(ada), await page(ada)];
    const said = feedback(ticket, { helpful: false, comment: 'wrong case' });
    expect(await send([said], headers)).toEqual({ status: 200, body: { recorded: 1, duplicates: 0 } });
    expect((await send([feedback(ticket)], headers)).body).toEqual({ recorded: 0, duplicates: 1 });
    const other = await ticketOf(ada);
    expect((await send([feedback(other), feedback(other)], headers)).body).toEqual({ recorded: 1, duplicates: 1 });
  });

  test('a ticket counts for its user of its tenant alone', async () => {
    const ticket = await ticketOf(ada);
    for (const claims of [{ ...ada, sub: 'eve' }, { ...ada, tenant_id: '8' }, { sub: 'ada' }, undefined]) {
      expect((await send([feedback(ticket)], await page(claims))).status).toBe(403);
    }
    expect((await send([feedback(ticket)], await page(ada))).body.recorded).toBe(1);
  });

  test('a forged or broken ticket is refused', async () => {
    const [headers, ticket] = [await page(ada), await ticketOf(ada)];
    const [version, body = '', mac = ''] = ticket.split('.');
    const said = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...said, u: 'ada', n: 'another' })).toString('base64url');
    for (const bad of [
      `${version}.${forged}.${mac}`,
      `${version}.${body}.`,
      'x',
      `${version}..${mac}`,
      `v2.${body}.${mac}`,
    ]) {
      expect((await send([feedback(bad)], headers)).status).toBe(403);
    }
  });

  test('nothing but feedback, and nothing beside it', async () => {
    const [headers, ticket] = [await page(ada), await ticketOf(ada)];
    expect((await send([score()], headers)).status).toBe(403);
    expect((await send([score({ name: 'feedback' })], headers)).status).toBe(403);
    expect((await send([feedback(ticket), score()], headers)).status).toBe(403);
    expect((await send([feedback(ticket, { tenantId: '8' })], headers)).status).toBe(400);
    expect((await send([feedback(ticket, { comment: 'x'.repeat(501) })], headers)).status).toBe(400);
    expect((await send([feedback(ticket)], headers)).body.recorded).toBe(1);
  });
});
