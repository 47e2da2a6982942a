import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import type { InMemoryControl } from '@rampart/core';
import { type App, createGateway, hashKey } from '@rampart/gateway';
import { createRampart, type Rampart } from '@rampart/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FLAGS, newKey, operator, page, service, tenantAdmin, useGateway } from './fixture.js';
import { consent, memoryRampart } from './memory-rampart.js';

const gateway = useGateway();
const ada = { targetingKey: 'ada', tenantId: 'acme', tier: 'pro', labels: [] };
const adasClaims = { sub: 'ada', tenant_id: 'acme', tier: 'pro', labels: [] };
const narrow = newKey('narrow', { flags: ['plain*'] });
const tracker = newKey('tracker', { may: ['track'] });

const strategy = { name: 'default', parameters: {}, constraints: [] };
const withPayload = (type: string, value: string) => ({
  enabled: true,
  project: 'default',
  strategies: [
    { ...strategy, variants: [{ name: 'v', weight: 1000, stickiness: 'default', payload: { type, value } }] },
  ],
});
const flags = {
  features: [
    ...FLAGS.features,
    { name: 'text', ...withPayload('string', 'hello') },
    { name: 'number', ...withPayload('number', '42') },
    { name: 'json', ...withPayload('json', '{"a":1}') },
    { name: 'broken', ...withPayload('json', '{') },
    { name: 'of-a-tenant', enabled: true, project: 'default', strategies: [ofTenant('tenantId', 'acme')] },
    { name: 'other-project', enabled: true, project: 'other', strategies: [strategy] },
    { name: 'ai.not-set-up', enabled: true, project: 'default', strategies: [strategy] },
    { ...behind('ai.copilot', 'half-set-up'), dependencies: [{ feature: 'ai.copilot', enabled: false }] },
    behind('ai.copilot', 'replies'),
    ...withOneChange('ai.rolled-out-to-nobody', { stage: 'ga', rollout: '0' }),
    ...withOneChange('ai.candidate', { stage: 'ga', rollout: '100', mode: 'shadow' }),
    ...withOneChange('ai.switched-off', { stage: 'ga', rollout: '100' }, false),
    {
      name: 'ai.public',
      enabled: true,
      project: 'default',
      strategies: [
        { name: 'aiAccess', parameters: { featureClass: 'copilot', consent: 'not_required' }, constraints: [] },
      ],
    },
    {
      name: 'ai.public.v1',
      enabled: true,
      project: 'default',
      dependencies: [{ feature: 'ai.public' }],
      strategies: [
        {
          name: 'aiStage',
          parameters: { stage: 'ga', rollout: '100', groupId: 'g' },
          constraints: [],
          variants: [
            {
              name: 'v',
              weight: 1000,
              stickiness: 'default',
              payload: { type: 'json', value: '{"public":true,"hint":"hi"}' },
            },
          ],
        },
      ],
    },
    {
      name: 'ai.public.v2-shadow',
      enabled: true,
      project: 'default',
      dependencies: [{ feature: 'ai.public' }],
      strategies: [
        {
          name: 'aiStage',
          parameters: { stage: 'ga', rollout: '100', groupId: 'g', mode: 'shadow' },
          constraints: [],
          variants: [
            {
              name: 'v',
              weight: 1000,
              stickiness: 'default',
              payload: { type: 'json', value: '{"model":"secret-candidate"}' },
            },
          ],
        },
      ],
    },
  ],
};

function behind(feature: string, name: string) {
  return { name, enabled: true, project: 'default', dependencies: [{ feature }], strategies: [strategy] };
}

/** A feature that asks for no consent, with one change. */
function withOneChange(name: string, parameters: object, enabled = true) {
  const open = { featureClass: 'copilot', consent: 'not_required' };
  const change = { ...behind(name, `${name}.v1`), enabled };
  return [
    {
      ...{ name, enabled: true, project: 'default' },
      strategies: [{ ...strategy, name: 'aiAccess', parameters: open }],
    },
    { ...change, strategies: [{ ...strategy, name: 'aiStage', parameters: { groupId: 'g', ...parameters } }] },
  ];
}

function ofTenant(contextName: string, value: string) {
  return { ...strategy, constraints: [{ contextName, operator: 'IN', values: [value] }] };
}

let rampart: Rampart<InMemoryControl>;
let app: App;

beforeAll(async () => {
  rampart = await memoryRampart(gateway.unleashUrl(flags), consent('acme'));
  app = await gateway({
    rampart,
    keep: true,
    listen: true,
    keys: [service.configured, operator.configured, narrow.configured, tracker.configured],
  });
});
beforeEach(() => void rampart.control.apply(consent('acme')));
afterEach(() => OpenFeature.clearProviders());
afterAll(() => rampart.close());

type Headers = Record<string, string>;
const ask = (key: string, context: unknown = ada, headers: Headers = service.headers) =>
  app.inject({
    method: 'POST',
    url: `/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`,
    headers,
    payload: { context },
  });
const askAll = (context: unknown = ada, headers: Headers = service.headers, query = '') =>
  app.inject({ method: 'POST', url: `/ofrep/v1/evaluate/flags${query}`, headers, payload: { context } });
const byKey = (answer: { json(): unknown }) =>
  new Map(
    (answer.json() as { flags: { key: string; [name: string]: unknown }[] }).flags.map((flag) => [flag.key, flag]),
  );

describe('one flag, asked by a service', () => {
  it('answers an AI flag by whether it is enabled, its decision in the metadata', async () => {
    const answer = await ask('ai.copilot');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toMatchObject({
      key: 'ai.copilot',
      value: true,
      reason: 'TARGETING_MATCH',
      variant: 'blue',
      metadata: { outcome: 'enabled', gate: 'open', change: 'ai.copilot.v1', mode: 'confirmation', stage: 'ga' },
    });
  });

  it('gives the decision, and the binding, where they are asked for', async () => {
    expect((await ask('ai.copilot:object')).json().value).toEqual(
      JSON.parse(JSON.stringify(rampart.decide('ai.copilot', ada))),
    );
    expect((await ask('ai.copilot:string')).json().value).toBe('{"model":"secret-model","prompt":"a secret prompt"}');
  });

  it.each([
    ['unset consent', { tenantId: 'globex' }, 'consent_required'],
    ['no tenant', { tenantId: undefined }, 'off'],
    ['an excluded label', { labels: ['hipaa'] }, 'off'],
    ['a tier too low', { tier: 'free' }, 'paywall'],
    ['a revision nobody knows', { consentRevision: '999999' }, 'off'],
    ['a missing fact', { labels: undefined }, 'off'],
  ])('closes an AI flag for %s without an error code, whatever type is asked', async (_, delta, outcome) => {
    for (const type of ['', ':boolean', ':string', ':number', ':object']) {
      const answer = await ask(`ai.copilot${type}`, { ...ada, ...delta });
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).not.toHaveProperty('errorCode');
      expect(answer.json().metadata.outcome).toBe(outcome);
      if (type === '' || type === ':boolean') expect(answer.json().value).toBe(false);
      if (type === ':string' || type === ':number') expect(answer.json()).not.toHaveProperty('value');
    }
  });

  it('answers ordinary flags by their payload, or in the type that is asked', async () => {
    const values = async (key: string) => (await ask(key)).json().value;
    expect(await values('plain')).toBe(true);
    expect(await values('plain.off')).toBe(false);
    expect(await values('text')).toBe('hello');
    expect(await values('number')).toBe(42);
    expect(await values('json')).toEqual({ a: 1 });
    expect(await values('json:string')).toBe('{"a":1}');
    expect(await values('json:boolean')).toBe(true);
    expect((await ask('text:number')).json()).toMatchObject({ key: 'text:number', errorCode: 'GENERAL' });
    const broken = await ask('broken');
    expect([broken.statusCode, broken.json().errorCode]).toEqual([400, 'PARSE_ERROR']);
  });

  it('names a variant and metadata always: some clients read them unasked', async () => {
    const listed = [...byKey(await askAll()).values()].filter((entry) => !('errorCode' in entry));
    expect(listed.length).toBeGreaterThan(5);
    for (const entry of listed)
      expect(entry).toMatchObject({ variant: expect.any(String), metadata: expect.any(Object) });
    expect((await ask('plain')).json()).toMatchObject({ value: true, variant: '', metadata: {} });
    expect((await ask('ai.copilot', {})).json()).toMatchObject({ value: false, variant: '' });
  });

  it('closes its list of reasons; the true one stands in the metadata', async () => {
    expect((await ask('plain.off')).json().reason).toBe('DISABLED');
    expect((await ask('of-a-tenant', {})).json()).toMatchObject({ reason: 'UNKNOWN', metadata: { reason: 'DEFAULT' } });
  });

  it('says that a flag is missing, also one named after what every object has', async () => {
    for (const key of ['nope', '__proto__', 'constructor', 'toString', 'plain:colour', ':object', 'nope:object']) {
      const answer = await ask(key);
      expect([key, answer.statusCode]).toEqual([key, 404]);
      expect(answer.json()).toMatchObject({ key, errorCode: 'FLAG_NOT_FOUND' });
    }
  });

  it('closes a missing flag under the AI prefix, in every type, without an error code', async () => {
    for (const key of ['ai.nope', 'ai.copilot.v99', 'ai.nope:boolean']) {
      const answer = await ask(key);
      expect([key, answer.statusCode]).toEqual([key, 200]);
      expect(answer.json()).toMatchObject({
        key,
        value: false,
        reason: 'DISABLED',
        metadata: { outcome: 'off', gate: 'flag', detail: 'not_found' },
      });
      expect(answer.json()).not.toHaveProperty('errorCode');
    }
    expect((await ask('ai.nope:object')).json()).toMatchObject({ value: { outcome: 'off', detail: 'not_found' } });
    expect((await ask('ai.nope:string')).json()).not.toHaveProperty('value');
    expect((await ask('ai.nope:string')).statusCode).toBe(200);
  });

  it('says in a list what it says of each flag alone, whoever was asked about before', async () => {
    const subjects = [
      ada,
      { ...ada, targetingKey: 'bo "the" é' },
      { ...ada, tier: 'free' },
      { ...ada, tenantId: 'initech' },
      { ...ada, aiOptOut: true },
      { tenantId: 'acme', tier: 'pro', labels: [] },
      ada,
    ];
    for (const subject of subjects) {
      for (const [key, listed] of byKey(await askAll(subject))) {
        const alone = (await ask(key, subject)).json();
        expect(listed).toEqual(alone);
      }
    }
  });

  it('counts a question once, and a bulk question not', async () => {
    const counted: unknown[] = [];
    const { count } = rampart.flags;
    rampart.flags.count = (...usage) => void counted.push(usage);
    try {
      await askAll();
      expect(counted).toEqual([]);
      await ask('ai.copilot');
      expect(counted).toEqual([
        ['ai.copilot', true, undefined],
        ['ai.copilot.v1', true, 'blue'],
      ]);
    } finally {
      rampart.flags.count = count;
    }
  });

  it('asks about what its key covers, and with the permission', async () => {
    expect((await ask('plain', ada, narrow.headers)).statusCode).toBe(200);
    expect((await ask('ai.copilot', ada, narrow.headers)).statusCode).toBe(403);
    expect([...byKey(await askAll(ada, narrow.headers)).keys()].sort()).toEqual(['plain', 'plain.off']);
    expect((await ask('plain', ada, tracker.headers)).statusCode).toBe(403);
  });
});

describe('who may ask', () => {
  it('is a service or a page', async () => {
    expect((await ask('plain', {}, {})).statusCode).toBe(401);
    expect((await ask('plain', {}, { authorization: 'Bearer wrong' })).statusCode).toBe(401);
    expect((await ask('plain', {}, operator.headers)).statusCode).toBe(403);
    expect((await ask('plain', {}, await tenantAdmin('acme'))).statusCode).toBe(403);
    expect((await askAll({}, operator.headers)).statusCode).toBe(403);
    expect((await ask('plain', {}, await page())).statusCode).toBe(200);
  });
});

describe('a context', () => {
  it.each([
    ['that is no object', 'text'],
    ['that is a list', []],
    ['of too many attributes', Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`a${index}`, 1]))],
    ['that is nested too deep', { a: { b: { c: { d: { e: 1 } } } } }],
    ['that is too large', { a: 'x'.repeat(9_000) }],
    ['of a list that is too large', { a: Array.from({ length: 9_000 }, () => 1) }],
  ])('%s is refused, and none of it comes back', async (_, context) => {
    for (const answer of [await ask('plain', context), await askAll(context)]) {
      expect(answer.statusCode).toBe(400);
      expect(answer.json().errorCode).toBe('INVALID_CONTEXT');
      expect(answer.body).not.toContain('xxx');
    }
  });

  it.each([
    ['targetingKey', '9007199254740993'],
    ['tenantId', '9007199254740993'],
    ['userId', '1e21'],
    ['requestId', '4.5'],
    ['sessionId', '-0'],
    ['tenantId', '1e400'],
  ])('whose %s is the number %s is refused: it would be another id', async (name, digits) => {
    const headers = { ...service.headers, 'content-type': 'application/json' };
    for (const body of [`{"context":{"${name}":${digits}}}`, `{"context":{"properties":{"${name}":${digits}}}}`]) {
      for (const url of ['/ofrep/v1/evaluate/flags', '/ofrep/v1/evaluate/flags/plain']) {
        const answer = await app.inject({ method: 'POST', url, headers, payload: body });
        expect([answer.statusCode, answer.json().errorCode]).toEqual([400, 'INVALID_CONTEXT']);
        expect(answer.json().errorDetails).toMatch(new RegExp(`${name}: send an id as text`));
      }
    }
  });

  it('may hold a whole number as an id', async () => {
    for (const id of [42, Number.MAX_SAFE_INTEGER])
      expect((await ask('plain', { targetingKey: id, tenantId: id })).statusCode).toBe(200);
  });

  it('may be absent, and have attributes named after what every object has', async () => {
    const url = '/ofrep/v1/evaluate/flags/plain';
    expect((await app.inject({ method: 'POST', url, headers: service.headers })).statusCode).toBe(200);
    expect((await app.inject({ method: 'POST', url, headers: service.headers, payload: {} })).statusCode).toBe(200);
    expect((await ask('plain', { constructor: 'x', toString: 'y', hasOwnProperty: 'z' })).statusCode).toBeLessThan(500);
    const raw = '{"context":{"__proto__":{"tenantId":"acme"},"tenantId":"acme"}}';
    const headers = { ...service.headers, 'content-type': 'application/json' };
    expect((await app.inject({ method: 'POST', url, headers, payload: raw })).statusCode).toBeLessThan(500);
    expect(({} as Record<string, unknown>)['tenantId']).toBeUndefined();
  });
});

describe('a page', () => {
  const secrets =
    /secret-model|secret prompt|secret-candidate|v2-shadow|"stage"|"bands"|"shadow"|"limits"|autoAbove|policyRevision/;

  it('sees the decision of its user, and a ticket to say whether it helped', async () => {
    const headers = await page(adasClaims);
    const { value, metadata } = (await ask('ai.copilot', {}, headers)).json();
    expect([value, metadata.outcome, metadata.change, metadata.disclosure]).toEqual([
      true,
      'enabled',
      'ai.copilot.v1',
      'Written by AI',
    ]);
    expect(metadata.feedback).toMatch(/^v1\./);
    expect((await ask('ai.copilot:object', {}, headers)).json().value).toMatchObject({
      outcome: 'enabled',
      variant: 'blue',
      mode: 'confirmation',
    });
  });

  it('never sees a prompt, a candidate, a stage, in any type, by any route', async () => {
    const headers = await page(adasClaims);
    const answers = [await askAll({}, headers)];
    for (const name of ['ai.copilot', 'ai.copilot.v1', 'ai.public', 'ai.public.v1'])
      for (const type of ['', ':boolean', ':string', ':number', ':object'])
        answers.push(await ask(name + type, {}, headers));
    for (const { body } of answers) expect(body).not.toMatch(secrets);
    expect(JSON.stringify(rampart.decide('ai.public', ada))).toMatch(/secret-candidate/);
  });

  it('sees a binding that says of itself that it is public', async () => {
    const headers = await page(adasClaims);
    expect((await ask('ai.public:object', {}, headers)).json().value.binding).toEqual({ public: true, hint: 'hi' });
    expect((await ask('ai.public:string', {}, headers)).json().value).toBe('{"public":true,"hint":"hi"}');
    expect((await ask('ai.copilot:string', {}, headers)).json()).not.toHaveProperty('value');
  });

  it('sees a change in shadow as off', async () => {
    const answer = (await ask('ai.public.v2-shadow', {}, await page(adasClaims))).json();
    expect(answer).toMatchObject({ value: false, metadata: { outcome: 'off' } });
    expect(answer.metadata).not.toHaveProperty('gate');
    expect(answer.metadata).not.toHaveProperty('mode');
  });

  it('can not tell a change that it can not have from a name that nobody gave', async () => {
    const headers = await page(adasClaims);
    for (const type of ['', ':object', ':string']) {
      const [closed, nobodys] = await Promise.all(
        ['ai.public.v2-shadow', 'ai.public.v7'].map(async (name) => {
          const { statusCode, body } = await ask(name + type, {}, headers);
          return { statusCode, body: body.replaceAll(name, 'NAME') };
        }),
      );
      expect(closed).toEqual(nobodys);
      expect(closed?.statusCode).toBe(200);
    }
    expect((await ask('nobodys', {}, headers)).statusCode).toBe(404);
    // A service is told that there is none, in the metadata of a closed answer.
    const { metadata } = (await ask('ai.public.v7', {})).json();
    expect(metadata).toMatchObject({ gate: 'flag', detail: 'not_found' });
  });

  it('can not tell why a feature is closed that is not its own affair', async () => {
    const names = ['ai.rolled-out-to-nobody', 'ai.candidate', 'ai.switched-off'];
    expect((await ask('ai.rolled-out-to-nobody')).json().reason).toBe('SPLIT');
    const headers = await page(adasClaims);
    const listed = byKey(await askAll({}, headers));
    for (const type of ['', ':object']) {
      const answers: string[] = [];
      for (const name of names) {
        const { body } = await ask(name + type, {}, headers);
        for (const answer of [body, JSON.stringify(listed.get(name + type))])
          answers.push(answer.replaceAll(name, 'NAME'));
      }
      expect(JSON.parse(answers[0] ?? '').reason).toBe('DISABLED');
      expect([...new Set(answers)]).toEqual([answers[0]]);
    }
    rampart.control.apply(consent('acme', 'opt_out'));
    expect((await ask('ai.copilot', {}, headers)).json()).toMatchObject({
      ...{ value: false, reason: 'TARGETING_MATCH', metadata: { gate: 'consent' } },
    });
  });

  it('may state what its token says of tier and labels in another case', async () => {
    const headers = await page({ ...adasClaims, labels: ['Beta'] });
    expect((await ask('ai.copilot', { tier: 'PRO', labels: ['beta'] }, headers)).statusCode).toBe(200);
    expect((await ask('ai.copilot', { tier: 'PRO', labels: ['hipaa'] }, headers)).statusCode).toBe(400);
    expect((await ask('ai.copilot', { tenantId: 'ACME' }, headers)).statusCode).toBe(400);
  });

  it('does not learn names of AI flags that are not set up', async () => {
    const headers = await page(adasClaims);
    const listed = byKey(await askAll({}, headers));
    const unready = ['ai.not-set-up', 'half-set-up'];
    for (const name of unready) {
      expect(byKey(await askAll()).has(name)).toBe(true);
      expect([...listed.keys()].filter((key) => key.startsWith(name))).toEqual([]);
      for (const type of ['', ':object', ':string']) {
        const [closed, nobodys] = [await ask(name + type, {}, headers), await ask(`ai.nobodys${type}`, {}, headers)];
        expect(closed.body.replaceAll(name, 'ai.nobodys')).toBe(nobodys.body);
      }
    }
    expect(listed.get('replies')).toMatchObject({ value: true });
    rampart.control.apply(consent('acme', 'opt_out'));
    expect(byKey(await askAll({}, headers)).get('replies')).toMatchObject({ value: false });
  });

  it('is listed the changes it has, and each feature’s decision', async () => {
    const listed = byKey(await askAll({}, await page(adasClaims)));
    expect([...listed.keys()]).toEqual(
      expect.arrayContaining([
        'ai.copilot',
        'ai.copilot:object',
        'ai.copilot.v1',
        'ai.public.v1',
        'plain',
        'text:boolean',
      ]),
    );
    expect(listed.has('ai.public.v2-shadow')).toBe(false);
    rampart.control.apply(consent('acme', 'opt_out'));
    const after = byKey(await askAll({}, await page(adasClaims)));
    expect(after.get('ai.copilot')).toMatchObject({ value: false, metadata: { gate: 'consent' } });
    expect(after.has('ai.copilot.v1')).toBe(false);
  });

  it.each([
    'tenantId',
    'tier',
    'region',
    'labels',
    'cohorts',
    'complexity',
    'confidence',
    'requestId',
    'userId',
    'targetingKey',
  ])('is refused %s that its token does not say, which is named', async (name) => {
    for (const context of [{ [name]: 'evil' }, { properties: { [name]: 'evil' } }]) {
      const answer = await ask('ai.copilot', context, await page(adasClaims));
      expect([answer.statusCode, answer.json().errorCode]).toEqual([400, 'INVALID_CONTEXT']);
      expect(answer.json().errorDetails).toContain(name);
      expect(answer.body).not.toContain('evil');
    }
  });

  it('may repeat what its token says', async () => {
    const claims = { ...adasClaims, labels: ['a', 'b'] };
    const context = {
      targetingKey: 'ada',
      tenantId: 'acme',
      tier: 'pro',
      labels: ['b', 'a'],
      properties: { tenantId: 'acme' },
    };
    expect((await ask('ai.copilot', context, await page(claims))).json().value).toBe(true);
  });

  it('narrows by aiOptOut and by a revision, and can not widen', async () => {
    const headers = await page(adasClaims);
    expect((await ask('ai.copilot', { aiOptOut: true }, headers)).json().value).toBe(false);
    expect((await ask('ai.copilot', { consentRevision: '999999' }, headers)).json().value).toBe(false);
    const out = await page({ ...adasClaims, ai_opt_out: true });
    expect((await ask('ai.copilot', { aiOptOut: false }, out)).json().value).toBe(false);
  });

  it('without a user’s token has no tenant: AI is closed, ordinary flags are as with stock Unleash', async () => {
    const headers = await page();
    expect((await ask('ai.copilot', ada, headers)).json()).toMatchObject({
      value: false,
      metadata: { outcome: 'off' },
    });
    expect((await ask('of-a-tenant', ada, headers)).json().value).toBe(true);
    const public_ = (await ask('ai.public', ada, headers)).json();
    expect(public_.metadata).not.toHaveProperty('feedback');
    const listed = byKey(await askAll(ada, headers));
    expect(listed.get('ai.copilot')?.['value']).toBe(false);
    expect(listed.get('of-a-tenant')?.['value']).toBe(true);
  });
});

describe('an unchanged bulk answer', () => {
  const tagOf = async (context: unknown = ada, headers: Headers = service.headers) =>
    String((await askAll(context, headers)).headers['etag']);
  const again = async (tag: string, context: unknown = ada, headers: Headers = service.headers) =>
    (await askAll(context, { ...headers, 'if-none-match': tag })).statusCode;

  it('is not made again', async () => {
    const tag = await tagOf();
    const answer = await askAll(ada, { ...service.headers, 'if-none-match': `"other", ${tag}` });
    expect([answer.statusCode, answer.body, answer.headers['etag']]).toEqual([304, '', tag]);
  });

  it('is one of another tenant’s change, not one of its own', async () => {
    const tag = await tagOf();
    rampart.control.apply(consent('globex'));
    rampart.control.apply({ kind: 'choice', tenant: 'acme', user: 'bob', featureClass: '*', choice: 'opt_out' });
    expect(await again(tag)).toBe(304);
    rampart.control.apply(consent('acme', 'opt_out'));
    expect(await again(tag)).toBe(200);
    rampart.control.apply(consent('acme'));
    expect(await again(tag)).toBe(304);
    rampart.control.apply({ kind: 'choice', tenant: 'acme', user: 'ada', featureClass: 'copilot', choice: 'opt_out' });
    expect(await again(tag)).toBe(200);
    rampart.control.apply({ kind: 'choice', tenant: 'acme', user: 'ada', featureClass: 'copilot', choice: undefined });
    rampart.control.apply({ kind: 'kill', kill: { id: 'k', scope: { feature: 'ai.copilot' }, reason: 'x' } });
    expect(await again(tag)).toBe(200);
    rampart.control.apply({ kind: 'revive', id: 'k' });
    expect(await again(tag)).toBe(304);
  });

  it('is that of one caller, one context, one form', async () => {
    const tag = await tagOf();
    expect(await again(tag, { ...ada, tier: 'free' })).toBe(200);
    expect(await again(tag, ada, narrow.headers)).toBe(200);
    const adas = await tagOf({}, await page(adasClaims));
    expect(await again(adas, {}, await page({ ...adasClaims, sub: 'bob' }))).toBe(200);
    expect(await again(adas, {}, await page({ ...adasClaims, tenant_id: 'globex' }))).toBe(200);
    expect(await again(adas, {}, await page())).toBe(200);
    expect(await again(adas, {}, await page(adasClaims))).toBe(304);
    for (const bad of ['*', '""', tag.replace('"', '"x'), 'x'.repeat(5_000)]) expect(await again(bad)).toBe(200);
  });

  it('is not said of a state that can not be shown', async () => {
    const answer = await askAll({ ...ada, consentRevision: '999999' });
    expect(answer.headers).not.toHaveProperty('etag');
  });
});

describe('flags that are old, or not there', () => {
  const { origin } = { origin: () => 'server' as const };
  afterEach(() => {
    rampart.flags.origin = origin;
  });

  it('say so, and are no answer that stands', async () => {
    const tag = String((await askAll()).headers['etag']);
    rampart.flags.origin = () => 'backup';
    expect((await ask('ai.copilot')).json()).toMatchObject({
      value: true,
      reason: 'UNKNOWN',
      metadata: { reason: 'STALE' },
    });
    expect((await ask('plain')).json()).toMatchObject({ reason: 'UNKNOWN', metadata: { reason: 'STALE' } });
    expect((await askAll(ada, { ...service.headers, 'if-none-match': tag })).statusCode).toBe(200);
  });

  it('are 503 and no default, as long as there are none', async () => {
    rampart.flags.origin = () => 'none';
    const answers = [await ask('nope'), await askAll(), await askAll({}, await page())];
    for (const answer of answers) {
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
      expect(answer.json().errorCode).toBe('GENERAL');
    }
    expect((await app.inject({ url: '/api/frontend', headers: await page() })).statusCode).toBe(503);
  });
});

describe('what can not be read', () => {
  const url = '/ofrep/v1/evaluate/flags';
  const json = { ...service.headers, 'content-type': 'application/json' };
  it.each([
    ['no JSON', '{', json, 400],
    ['an empty text', '', json, 400],
    ['a list', '[]', json, 400],
    ['a text', '"x"', json, 400],
    ['a context that is none', '{"context":7}', json, 400],
    ['too much', `{"context":{"a":"${'x'.repeat(300_000)}"}}`, json, 413],
    ['another type', 'a=b', { ...service.headers, 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ])('is refused as the protocol says: %s', async (_, payload, headers, status) => {
    for (const path of [url, `${url}/plain`]) {
      const answer = await app.inject({ method: 'POST', url: path, headers, payload });
      expect(answer.statusCode).toBe(status);
      expect(answer.json()).toHaveProperty('errorCode');
      if (path !== url) expect(answer.json().key).toBe('plain');
    }
  });
});

describe('a gateway that has no flags yet', () => {
  it('closes AI flags, for services and pages, and says of others that it has none', async () => {
    const waiting = createRampart({
      unleash: {
        url: 'http://127.0.0.1:9/api',
        appName: 'waiting',
        disableMetrics: true,
        skipInstanceCountWarning: true,
      },
      gates: { mail: 'copilot' },
      logger: { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} },
    });
    const idle = createGateway({
      rampart: waiting,
      unleash: { url: 'http://127.0.0.1:9/api', token: 'unused' },
      secret: 'a secret that is long enough for a test',
      keys: [{ name: 'service', hash: hashKey('rk_waiting') }],
      docs: false,
      logLevel: 'silent',
    });
    const question = (key: string) =>
      idle.inject({
        method: 'POST',
        url: `/ofrep/v1/evaluate/flags/${key}`,
        headers: { authorization: 'rk_waiting', 'content-type': 'application/json' },
        payload: { context: ada },
      });
    for (const key of ['ai.copilot', 'mail', 'copilot', 'ai.copilot:boolean']) {
      const answer = await question(key);
      expect([key, answer.statusCode]).toEqual([key, 200]);
      expect(answer.json()).toMatchObject({ value: false, metadata: { outcome: 'off', detail: 'not_ready' } });
    }
    expect((await question('plain')).statusCode).toBe(503);
    await idle.close();
    await waiting.close();
  });
});

describe('@openfeature/ofrep-provider, unchanged', () => {
  it('reads values, and no default opens a closed AI flag', async () => {
    const { port } = app.server.address() as { port: number };
    const provider = new OFREPProvider({
      baseUrl: `http://127.0.0.1:${port}`,
      headers: [['authorization', service.headers.authorization]],
    });
    await OpenFeature.setProviderAndWait(provider);
    const client = OpenFeature.getClient();
    expect(await client.getBooleanValue('ai.copilot', false, ada)).toBe(true);
    expect(await client.getObjectValue('ai.copilot:object', {}, ada)).toMatchObject({ outcome: 'enabled' });
    expect(await client.getNumberValue('number', 0, ada)).toBe(42);
    expect(await client.getStringValue('text', '', ada)).toBe('hello');
    const details = await client.getBooleanDetails('ai.copilot', true, { ...ada, tenantId: 'initech' });
    expect(details).toMatchObject({ value: false, flagMetadata: { outcome: 'consent_required' } });
    expect(details.errorCode).toBeUndefined();
    rampart.control.apply(consent('acme', 'opt_out'));
    expect(await client.getBooleanValue('ai.copilot', true, ada)).toBe(false);
    const missing = await client.getBooleanDetails('ai.nope', true, ada);
    expect(missing).toMatchObject({ value: false, flagMetadata: { detail: 'not_found' } });
    expect(missing.errorCode).toBeUndefined();
    expect(await client.getBooleanDetails('nope', true, ada)).toMatchObject({
      value: true,
      errorCode: 'FLAG_NOT_FOUND',
    });
  });
});
