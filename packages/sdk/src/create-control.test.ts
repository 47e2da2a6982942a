import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenFeature } from '@openfeature/server-sdk';
import { prepareEmbedded } from '@rampart/services';
import { usePostgres, useRedis } from '@rampart/services/vitest';
import type { UnleashConfig } from 'unleash-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ControlOptions } from './control-options.js';
import { createControl } from './create-control.js';
import { createRampart } from './create-rampart.js';
import type { DurableControl } from './durable-control.js';

const SECRET = 'a secret of the tests, long enough to be one';
const WRITE = { actor: 'ana', reason: 'agreed in the settings' };
const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() };

const unleash: UnleashConfig = {
  url: 'http://127.0.0.1:9/api',
  appName: 'sdk-test',
  refreshInterval: 0,
  disableMetrics: true,
  skipInstanceCountWarning: true,
  storageProvider: { get: async () => undefined, set: async () => {} },
  bootstrap: {
    data: [
      {
        name: 'ai.copilot',
        enabled: true,
        strategies: [{ name: 'aiAccess', parameters: { featureClass: 'copilot' }, constraints: [] }],
      },
      { name: 'plain', enabled: true, strategies: [{ name: 'default', parameters: {}, constraints: [] }] },
    ] as never,
  },
};
const subject = { targetingKey: 'ana', tenantId: '7' };
const optIn = (tenant = '7') =>
  ({ kind: 'consent', tenant, featureClass: 'copilot', consent: { state: 'opt_in' } }) as const;
const optOut = (tenant = '7') =>
  ({ kind: 'consent', tenant, featureClass: 'copilot', consent: { state: 'opt_out' } }) as const;

let folder: string;
const open: { close(): Promise<unknown> }[] = [];
let domains = 0;

function control(options: Partial<ControlOptions> = {}): DurableControl {
  const made = createControl({ database: { folder: join(folder, 'control') }, secret: SECRET, logger, ...options });
  open.push(made);
  return made;
}

async function client(options: Parameters<typeof createRampart>[0]['control']) {
  const rampart = createRampart({ unleash, initTimeoutMs: 100, logger, control: options });
  open.push(rampart);
  const domain = `control-${(domains += 1)}`;
  await OpenFeature.setProviderAndWait(domain, rampart.provider);
  return {
    rampart,
    ask: (more = {}) => OpenFeature.getClient(domain).getBooleanDetails('ai.copilot', true, { ...subject, ...more }),
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-sdk-'));
  await prepareEmbedded(join(folder, 'control'));
});
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
  vi.clearAllMocks();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a control in a folder', () => {
  it('records, decides with the next question, and remembers after a restart', async () => {
    const first = control();
    const { ask, rampart } = await client(first);
    expect(await ask()).toMatchObject({ value: false, flagMetadata: { outcome: 'consent_required' } });
    const { revision } = await first.apply(optIn(), WRITE);
    expect(rampart.decide('ai.copilot', subject)).toMatchObject({ enabled: true, revisions: { consent: revision } });
    await rampart.close();
    await first.close();

    const { ask: askAgain } = await client(control());
    expect(await askAgain({ consentRevision: revision })).toMatchObject({ value: true });
    expect(await askAgain({ consentRevision: `${revision}9` })).toMatchObject({
      value: false,
      flagMetadata: { gate: 'consent', detail: 'unknown' },
    });
  });

  it('shows both sides where somebody else wrote meanwhile, and writes nothing', async () => {
    const one = control();
    const { revision } = await one.apply(optIn('8'), { ...WRITE, expected: 'any' });
    await one.apply(optOut('8'), { ...WRITE, actor: 'bo' });
    await expect(one.apply(optIn('8'), { ...WRITE, expected: revision })).rejects.toMatchObject({
      name: 'ConflictError',
      current: { value: { state: 'opt_out' }, actor: 'bo' },
      yours: optIn('8'),
    });
    expect(await one.store.consents('8')).toMatchObject([{ consent: { state: 'opt_out' } }]);
  });

  it('forgets whom it erased at once', async () => {
    const one = control();
    const { rampart, ask } = await client(one);
    await one.apply(optIn(), { ...WRITE, expected: 'any' });
    expect((await ask()).value).toBe(true);
    await one.erase({ tenant: '7' }, { actor: 'dpo', reason: 'request 12' });
    await rampart.provider.engine.prepare(subject);
    expect(await ask()).toMatchObject({ value: false, flagMetadata: { outcome: 'consent_required' } });
    expect(await one.store.verify()).toMatchObject({ ok: true, findings: [] });
  });

  it('is closed with the provider where createRampart opened it, and left open where it was given', async () => {
    const given = control();
    const { rampart } = await client(given);
    await rampart.close();
    await given.apply(optOut(), { ...WRITE, expected: 'any' });
    await given.close();

    const described = { database: { folder: join(folder, 'control') }, secret: SECRET };
    const { rampart: owner } = await client(described);
    await owner.close();
    await expect(control().apply(optOut(), { ...WRITE, expected: 'any' })).resolves.toMatchObject({
      position: expect.any(Number),
    });
  });
});

describe('with PostgreSQL and Redis', () => {
  const postgres = usePostgres();
  const redis = useRedis();
  const options = (): Partial<ControlOptions> => ({ database: postgres().url, redis: redis().url, environment: 'sdk' });

  it('a change of one process reaches another by push, long before the next poll', async () => {
    const [writer, reader] = [
      control(options()),
      control({ ...options(), maxStaleness: 60_000, pollInterval: 30_000 }),
    ];
    await writer.apply(optIn(), { ...WRITE, expected: 'any' });
    const { ask } = await client(reader);
    expect((await ask()).value).toBe(true);
    await vi.waitFor(() => expect(reader.status().pushLostFor).toBeUndefined());
    const { revision } = await writer.apply(optOut(), WRITE);
    await vi.waitFor(() => expect(reader.status().revision).toBe(revision), 5_000);
    expect(await ask()).toMatchObject({ value: false, flagMetadata: { detail: 'opted_out' } });
  });

  it('closes AI features while the database is away, answers everything else, and comes back by itself', async () => {
    const one = control({ ...options(), maxStaleness: 1_000, pollInterval: 250 });
    await one.apply(optIn(), { ...WRITE, expected: 'any' });
    const { ask, rampart } = await client(one);
    expect((await ask()).value).toBe(true);
    await postgres().kill();
    await vi.waitFor(
      async () => expect(await ask()).toMatchObject({ value: false, flagMetadata: { detail: 'unknown' } }),
      10_000,
    );
    expect(rampart.decide('plain', subject).enabled).toBe(true);
    expect(one.status().provable).toBe(false);
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining("control log can't be read"));
    await postgres().start();
    await vi.waitFor(async () => expect((await ask()).value).toBe(true), 15_000);
  });

  it('a follower is told by a relay what the database holds, and asks itself where none answers', async () => {
    const reached = { ...options(), environment: 'relayed' };
    const [relay, follower] = [control({ ...reached, relay: 'serve' }), control({ ...reached, relay: 'follow' })];
    await relay.start();
    const { ask } = await client(follower);
    const { revision } = await relay.apply(optIn('7'), { ...WRITE, expected: 'any' });
    expect(await ask({ consentRevision: revision })).toMatchObject({ value: true });
    await relay.close();
    const writer = control(reached);
    const { revision: later } = await writer.apply(optOut('7'), WRITE);
    await vi.waitFor(
      async () =>
        expect(await ask({ consentRevision: later })).toMatchObject({ flagMetadata: { detail: 'opted_out' } }),
      5_000,
    );
  });

  it('a secret is rotated while an older and a newer process serve, and neither closes', async () => {
    const database = await postgres().newDatabase();
    const next = 'the next secret of the tests, long enough';
    const reached = { ...options(), database, environment: 'rotated', relay: 'follow' } as const;
    const older = control({ ...reached, acceptedSecrets: [next], relay: 'serve' });
    const newer = control({ ...reached, secret: next, acceptedSecrets: [SECRET] });
    const [asked, askedToo] = [await client(older), await client(newer)];
    const agreeOn = async (change: ReturnType<typeof optIn | typeof optOut>, by: DurableControl) => {
      const { revision } = await by.apply(change, { ...WRITE, expected: 'any' });
      for (const { ask } of [asked, askedToo])
        expect((await ask({ consentRevision: revision })).value).toBe(change.consent.state === 'opt_in');
    };
    await agreeOn(optIn(), older);
    await agreeOn(optOut(), newer);
    await newer.store.rotateSecret(WRITE);
    await agreeOn(optIn(), older);
    await agreeOn(optOut(), newer);
    expect((await newer.store.verify()).findings).toEqual([]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('a running process without the secret that signs now is closed, and says which setting lacks it', async () => {
    const database = await postgres().newDatabase();
    const next = 'the next secret of the tests, long enough';
    const paced = { ...options(), database, environment: 'unprepared', maxStaleness: 1_000, pollInterval: 250 };
    const unprepared = control(paced);
    const { ask } = await client(unprepared);
    const { revision } = await unprepared.apply(optIn(), { ...WRITE, expected: 'any' });
    expect((await ask({ consentRevision: revision })).value).toBe(true);
    const newer = control({ ...paced, secret: next, acceptedSecrets: [SECRET] });
    await newer.store.rotateSecret(WRITE);
    await vi.waitFor(async () => expect(await ask()).toMatchObject({ flagMetadata: { detail: 'unknown' } }), 10_000);
    expect(logger.warn).toHaveBeenCalledWith(
      expect.stringMatching(/RAMPART_ACCEPTED_SECRETS \(option acceptedSecrets/),
    );
    await expect(unprepared.apply(optOut(), WRITE)).rejects.toMatchObject({ kind: 'refused' });
    // Undone, it is open again by itself.
    await control({ ...paced, acceptedSecrets: [next] }).store.rotateSecret(WRITE);
    await vi.waitFor(async () => expect((await ask()).value).toBe(true), 10_000);
  });

  it('a running process follows a newer schema that it can work with, and is closed by any other', async () => {
    const one = control({ ...options(), environment: 'upgraded', maxStaleness: 1_000, pollInterval: 250 });
    const { ask } = await client(one);
    await one.apply(optIn(), { ...WRITE, expected: 'any' });
    const migrate = (name: string) =>
      postgres().query(`insert into rampart_migration (name, timestamp) values ('${name}', '2999')`);
    const undo = (name: string) => postgres().query(`delete from rampart_migration where name like '${name}'`);
    try {
      await migrate('0998_future_works_with_0003');
      const { revision } = await one.apply(optIn(), { ...WRITE, expected: 'any' });
      expect((await ask({ consentRevision: revision })).value).toBe(true);
      await migrate('0999_future');
      await vi.waitFor(async () => expect(await ask()).toMatchObject({ flagMetadata: { detail: 'unknown' } }), 10_000);
      await expect(one.apply(optOut(), WRITE)).rejects.toMatchObject({ kind: 'schema_newer' });
      await undo('0999%');
      await vi.waitFor(async () => expect((await ask()).value).toBe(true), 10_000);
    } finally {
      await undo('099%');
    }
  });

  it('a process of a newer version waits for the migration, and opens by itself', async () => {
    await control(options()).apply(optIn(), { ...WRITE, expected: 'any' });
    // As a database of which this version's second migration is missing.
    const rename = (from: string, to: string) =>
      postgres().query(`update rampart_migration set name = '${to}' where name = '${from}'`);
    await rename('0002_events', '0000_former_works_with_0001');
    const { ask } = await client(control({ ...options(), environment: 'waiting', migrate: false }));
    try {
      expect(await ask()).toMatchObject({ value: false, flagMetadata: { detail: 'unknown' } });
      expect(logger.warn).toHaveBeenCalledWith(
        expect.stringMatching(/lacks the migration 0002_events.*rampart migrate/),
      );
    } finally {
      await rename('0000_former_works_with_0001', '0002_events');
    }
    await vi.waitFor(async () => expect((await ask()).value).toBe(true), 10_000);
  });

  it('starts while the database is away: closed, and no error for callers', async () => {
    const { ask, rampart } = await client(control({ database: 'postgres://nobody@127.0.0.1:9/none' }));
    expect(rampart.decide('plain', subject).enabled).toBe(true);
    const answer = await ask();
    expect(answer).toMatchObject({ value: false, flagMetadata: { gate: 'consent', detail: 'unknown' } });
    expect(answer.errorCode).toBeUndefined();
  });
});

describe('options', () => {
  it.each<[string, object, RegExp]>([
    ['an unknown option', { cache: true }, /unknown option cache/],
    ['no database', { database: undefined }, /database/],
    ['a database of another kind', { database: 'mongodb://x' }, /database.*mongodb.*postgres/],
    ['a short secret', { secret: 'short' }, /^(?!.*short\b.*short).*secret/],
    ['a short accepted secret', { acceptedSecrets: ['hunter2'] }, /^(?!.*hunter2).*acceptedSecrets\[0\]/],
    ['an accepted secret that is no list', { acceptedSecrets: SECRET }, /acceptedSecrets.*pass a list/],
    ['a Redis that is no URL', { redis: 'redis' }, /redis: use redis:\/\//],
    ['a relay without Redis', { relay: 'serve' }, /relay = "serve": relays speak through Redis/],
    [
      'a relay that neither serves nor follows',
      { relay: 'both', redis: 'redis://x' },
      /relay = "both": say follow or serve/,
    ],
    ['an environment with a blank', { environment: 'a b' }, /environment = "a b"/],
    ['a staleness too short', { maxStaleness: 100 }, /maxStaleness = 100: use whole milliseconds from 500/],
    ['a poll too rare', { pollInterval: 3_000 }, /pollInterval = 3000: use at most half of maxStaleness \(5000\)/],
    ['no patience', { patience: 0 }, /patience = 0/],
  ])('%s is refused with its name and the fix', (_what, options, message) => {
    expect(() => createControl({ database: { folder: '/tmp' }, secret: SECRET, ...options } as ControlOptions)).toThrow(
      message,
    );
  });
});
