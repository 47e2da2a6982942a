import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyControl,
  type ControlChange,
  type ControlState,
  EMPTY_CONTROL,
  EMPTY_TENANT,
  isControlInputError,
  parseRevision,
} from '@rampart/core';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../open-store.js';
import { isConflictError, isReusedIdError } from './conflict-error.js';
import type { Write } from './control-items.js';
import type { ControlStore } from './control-store.js';
import { isStoreError } from './store-error.js';

const SECRET = randomBytes(24).toString('hex');
const write = (over: Partial<Write> = {}): Write => ({ actor: 'ann', reason: 'a test', ...over });
const consent = (tenant: string, state: 'opt_in' | 'opt_out' | 'unset', version?: number): ControlChange => ({
  kind: 'consent',
  tenant,
  featureClass: 'agent',
  consent: { state, ...(version !== undefined && { version }) },
});

const postgres = usePostgres();
const mariadb = useMariadb();
const folders: string[] = [];

async function newFolder(): Promise<{ readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rampart-store-'));
  folders.push(folder);
  return { folder };
}

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

// PGlite takes seconds to make a folder: one for all its tests, which keep to tenants of their own.
let numbers = 1_000;
const newTenant = (): string => String(++numbers);

describe.each([
  { name: 'PGlite', place: newFolder },
  { name: 'PostgreSQL', place: () => postgres().newDatabase() },
  { name: 'MariaDB', place: () => mariadb().newDatabase() },
])('the store on $name', ({ place }) => {
  let store: ControlStore;

  beforeAll(async () => {
    store = openStore({ database: await place(), secret: SECRET, timeoutMs: 10_000 });
    await store.migrate();
  });
  afterAll(() => store.close());

  const head = async (): Promise<number> => (await store.readLog(0, 1)).head;

  test('a second migration changes nothing', async () => {
    await store.migrate();
    expect((await store.verify()).ok).toBe(true);
  });

  test('the state equals the fold of the log after any changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { minLength: 1, maxLength: 25 }), async (changes) => {
        for (const change of changes) await store.apply(change, write({ expected: 'any' }));
        const folded = await foldOf(store);
        for (const tenant of TENANTS) {
          const read = await store.readTenant(tenant);
          expect(read.position).toBe(folded.position);
          expect(plain(read.tenant)).toEqual(plain(folded.tenants.get(tenant) ?? EMPTY_TENANT));
        }
        const { shared } = await store.readShared();
        const { position: _, tenants: __, ...expected } = folded;
        expect(shared).toEqual(expected);
      }),
      { numRuns: 12 },
    );
    expect((await store.verify()).findings).toEqual([]);
  });

  test('an entry has change, actor, reason and time', async () => {
    const tenant = newTenant();
    const before = await head();
    const first = await store.apply(consent(tenant, 'opt_in', 2), write({ reason: 'signed' }));
    await store.apply(consent(tenant, 'opt_out'), write({ actor: 'bob' }));
    const { entries } = await store.entries({ tenant });
    expect(entries).toEqual([
      {
        ...{ position: before + 1, revision: first.revision, id: first.id, kind: 'consent', at: expect.any(Number) },
        ...{ erased: false, tenant, before: null, after: { state: 'opt_in', version: 2 } },
        ...{ change: consent(tenant, 'opt_in', 2), actor: 'ann', reason: 'signed' },
      },
      expect.objectContaining({ before: { state: 'opt_in', version: 2 }, after: { state: 'opt_out' }, actor: 'bob' }),
    ]);
    expect(Math.abs((entries[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(parseRevision(first.revision)?.position).toBe(first.position);
  });

  test('an id identifies one write: a repeat changes nothing, another write is refused', async () => {
    const tenant = newTenant();
    const id = `once-${tenant}`;
    const first = await store.apply(consent(tenant, 'opt_in'), write({ id }));
    await store.apply(consent(tenant, 'opt_out'), write());
    expect(await store.apply(consent(tenant, 'opt_in'), write({ id }))).toEqual(first);
    const before = await head();
    const others = [
      () => store.apply(consent(tenant, 'opt_out'), write({ id })),
      () => store.apply(consent(tenant, 'opt_in', 2), write({ id })),
      () => store.apply(consent(newTenant(), 'opt_in'), write({ id })),
      () => store.apply({ kind: 'kill', kill: { id, scope: { tenant }, reason: 'r' } }, write({ id })),
      () => store.apply(consent(tenant, 'opt_in'), write({ id, reason: 'another' })),
      () => store.apply(consent(tenant, 'opt_in'), write({ id, actor: 'bob' })),
      () => store.erase({ tenant }, write({ id })),
    ];
    for (const other of others) await expect(other()).rejects.toSatisfy(isReusedIdError);
    expect(await head()).toBe(before);
    const erased = await store.erase({ tenant }, write({ id: `erase-${tenant}` }));
    expect(await store.erase({ tenant }, write({ id: `erase-${tenant}` }))).toEqual(erased);
    await store.apply(consent(tenant, 'opt_in'), write());
    await expect(store.erase({ tenant }, write({ id: `erase-${tenant}` }))).rejects.toSatisfy(isReusedIdError);
  });

  test('a record has its actor', async () => {
    const tenant = newTenant();
    const { revision } = await store.apply(consent(tenant, 'opt_in', 3), write({ reason: 'signed' }));
    expect(await store.consents(tenant)).toEqual([
      {
        ...{ tenant, featureClass: 'agent', consent: { state: 'opt_in', version: 3 } },
        ...{ revision, actor: 'ann', reason: 'signed', at: expect.any(Number) },
      },
    ]);
  });

  test('a page of the log ends at its limit, and the next goes on there', async () => {
    const tenant = newTenant();
    const start = await head();
    for (const state of ['opt_in', 'opt_out', 'unset'] as const) {
      await store.apply(consent(tenant, state), write({ expected: 'any' }));
    }
    const first = await store.readLog(start, 2);
    expect(first.entries.map(({ position }) => position)).toEqual([start + 1, start + 2]);
    expect(first.head).toBe(start + 3);
    expect((await store.readLog(start + 2, 2)).entries).toHaveLength(1);
    expect((await store.readLog(start + 3, 2)).entries).toEqual([]);
    expect(Math.abs(first.now - Date.now())).toBeLessThan(60_000);
  });

  test('pages of the audit trail list every entry once', async () => {
    const tenant = newTenant();
    for (let version = 0; version < 5; version++) {
      await store.apply(consent(tenant, 'opt_in', version), write({ expected: 'any' }));
    }
    const found: number[] = [];
    let after: number | undefined = 0;
    while (after !== undefined) {
      const page = await store.entries({ tenant, after, limit: 2 });
      found.push(...page.entries.map(({ position }) => position));
      after = page.next;
    }
    expect(found).toHaveLength(5);
    expect(found).toEqual([...new Set(found)].sort((one, other) => one - other));
  });

  test('audit filters', async () => {
    const tenant = newTenant();
    const flag = `ai.flag-${tenant}`;
    const start = await head();
    await store.apply({ kind: 'choice', tenant, user: 'u1', featureClass: '*', choice: 'opt_out' }, write());
    await store.apply(
      { kind: 'kill', kill: { id: flag, scope: { feature: flag }, reason: 'r' } },
      write({ actor: 'op' }),
    );
    await store.apply({ kind: 'revive', id: flag }, write({ expected: 'any' }));
    const kindsOf = async (query: Parameters<ControlStore['entries']>[0]) =>
      (await store.entries({ after: start, ...query })).entries.map(({ kind }) => kind);
    expect(await kindsOf({ tenant, user: 'u1' })).toEqual(['choice']);
    expect(await kindsOf({ flag })).toEqual(['kill', 'revive']);
    expect(await kindsOf({ actor: 'op' })).toEqual(['kill']);
    expect(await kindsOf({ kinds: ['revive', 'choice'] })).toEqual(['choice', 'revive']);
    expect(await kindsOf({ kinds: [] })).toEqual([]);
    expect(await kindsOf({ to: 1 })).toEqual([]);
    expect(await kindsOf({ from: Date.now() + 3_600_000 })).toEqual([]);
  });

  describe('conflicts', () => {
    test('a writer with an older revision gets both states, and nothing is written', async () => {
      const tenant = newTenant();
      const read = await store.apply(consent(tenant, 'unset'), write());
      await store.apply(consent(tenant, 'opt_in', 1), write({ actor: 'bob', expected: read.revision }));
      const before = await head();
      const refused = await store
        .apply(consent(tenant, 'opt_in', 7), write({ expected: read.revision }))
        .catch((error: unknown) => error);
      expect(isConflictError(refused)).toBe(true);
      expect(refused).toMatchObject({
        current: { value: { state: 'opt_in', version: 1 }, actor: 'bob' },
        yours: consent(tenant, 'opt_in', 7),
        message: expect.stringMatching(/"version":1.*bob.*"version":7.*expected/s),
      });
      expect(await head()).toBe(before);
    });

    test('the last writer wins with its revision, with any, or by narrowing', async () => {
      const tenant = newTenant();
      const first = await store.apply(consent(tenant, 'opt_in'), write());
      await store.apply(consent(newTenant(), 'opt_in'), write());
      const second = await store.apply(consent(tenant, 'unset'), write({ expected: first.revision }));
      await store.apply(consent(tenant, 'opt_in'), write({ expected: 'any' }));
      await expect(store.apply(consent(tenant, 'unset'), write())).rejects.toSatisfy(isConflictError);
      await expect(store.apply(consent(tenant, 'opt_out'), write({ expected: second.revision }))).rejects.toSatisfy(
        isConflictError,
      );
      await store.apply(consent(tenant, 'opt_out'), write());
    });

    test('a revision of another database is a conflict', async () => {
      const tenant = newTenant();
      await store.apply(consent(tenant, 'opt_in'), write());
      const elsewhere = `${'0'.repeat(16)}.999999`;
      await expect(store.apply(consent(tenant, 'unset'), write({ expected: elsewhere }))).rejects.toSatisfy(
        isConflictError,
      );
    });

    test('one of many writers with the same revision wins', async () => {
      const tenant = newTenant();
      const { revision } = await store.apply(consent(tenant, 'unset'), write());
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, version) =>
          store.apply(consent(tenant, 'opt_in', version), write({ expected: revision })),
        ),
      );
      const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      expect(lost.filter(isConflictError)).toHaveLength(7);
      expect(lost).toHaveLength(7);
    });

    test('of many writers of a new item one wins', async () => {
      const tenant = newTenant();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, version) => store.apply(consent(tenant, 'opt_in', version), write())),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });
  });

  test('the same id writes once, also at once', async () => {
    const tenant = newTenant();
    const before = await head();
    const id = `once-${tenant}`;
    const all = await Promise.all(
      Array.from({ length: 5 }, () => store.apply(consent(tenant, 'opt_in', 1), write({ id, expected: 'any' }))),
    );
    expect(new Set(all.map(({ position }) => position))).toEqual(new Set([before + 1]));
    expect(await head()).toBe(before + 1);
  });

  test('a task is recorded with its change, and stays until it is done', async () => {
    const kill = { id: newTenant(), scope: { feature: 'ai.f' }, reason: 'r' };
    const task = { kind: 'switch_flag', flag: 'ai.f', on: false };
    const { id, revision } = await store.apply({ kind: 'kill', kill }, write({ task }));
    await store.outbox.recordFailure(id, 'no answer');
    const open = { id, revision, task, at: expect.any(Number), attempts: 1, error: 'no answer' };
    expect(await store.outbox.pending()).toContainEqual(open);
    await store.outbox.complete(id, { environments: ['production'] });
    await store.outbox.complete(id, { environments: [] });
    expect(await store.outbox.pending()).not.toContainEqual(expect.objectContaining({ id }));
    expect(await store.outbox.find(id)).toMatchObject({ completed: true, result: { environments: ['production'] } });
    expect(await store.outbox.find('none')).toBeUndefined();
  });

  test('flag edits are copied exactly once, also by several at once', async () => {
    const server = newTenant();
    const edit = (event: number) => ({
      event,
      type: 'feature-updated',
      flag: 'ai.f',
      actor: 'ui',
      at: 5,
      before: event,
    });
    const counts = await Promise.all([
      store.recordFlagEdits(server, [edit(3), edit(7)]),
      store.recordFlagEdits(server, [edit(7), edit(9), edit(9)]),
    ]);
    expect(counts[0] + counts[1]).toBe(3);
    expect(await store.lastFlagEdit(server)).toBe(9);
    expect(await store.lastFlagEdit(`${server} of another`)).toBeUndefined();
    const { entries } = await store.entries({ kinds: ['flag_edit'], flag: 'ai.f' });
    expect(entries.filter(({ edit: content }) => (content as { server: string }).server === server)).toHaveLength(3);
    expect(entries.at(-1)).toMatchObject({ actor: 'ui', reason: expect.stringContaining('none given'), after: null });
  });

  describe('bad input writes nothing', () => {
    test.each<[string, ControlChange, Partial<Write>, string]>([
      ['unknown state', consent('5', 'yes' as 'unset'), {}, 'consent.state'],
      ['unknown class', { ...consent('5', 'unset'), featureClass: 'A b' } as ControlChange, {}, 'featureClass'],
      ['tenant too long', consent('5'.repeat(256), 'unset'), {}, 'tenant'],
      ['tenant a number', consent(5 as unknown as string, 'unset'), {}, 'tenant'],
      ['no actor', consent('5', 'unset'), { actor: '' }, 'actor'],
      ['no reason', consent('5', 'unset'), { reason: undefined as unknown as string }, 'reason'],
      ['a NUL', consent('5', 'unset'), { reason: 'a\0b' }, 'reason'],
      ['half a character', { kind: 'kill', kill: { id: 'k', scope: { all: true }, reason: '\ud800' } }, {}, 'change'],
      ['no revision', consent('5', 'unset'), { expected: 'yesterday' }, 'expected'],
      ['an id with a space', consent('5', 'unset'), { id: 'a b' }, 'id'],
    ])('%s', async (_name, change, over, field) => {
      const before = await head();
      const error = await store.apply(change, write(over)).catch((caught: unknown) => caught);
      expect(isControlInputError(error)).toBe(true);
      expect(error).toMatchObject({ field });
      expect(await head()).toBe(before);
    });
  });

  test('text is returned unchanged', async () => {
    const reason = `it's "quoted" \\ \\u0000 \${x} ? $1 -- ; 🎈 ü \n end`;
    const actor = "o'brien \\ ?";
    const kill = { id: `k'${newTenant()}"\\?`, scope: { feature: "f'\\" }, reason };
    const { revision } = await store.apply({ kind: 'kill', kill }, write({ actor, reason, id: "id'\\?" }));
    expect(await store.items({ kind: 'kill', id: kill.id })).toEqual([
      { change: { kind: 'kill', kill }, revision, actor, reason, at: expect.any(Number) },
    ]);
    await store.apply({ kind: 'revive', id: kill.id }, write({ expected: revision }));
    expect(await store.items({ kind: 'kill', id: kill.id })).toEqual([]);
  });

  test('refuses another secret before any write', async () => {
    expect(isStoreError(new Error('no'))).toBe(false);
    expect(() => openStore({ database: 'postgres://a/b', secret: 'short' })).toThrow(/secret = "5 characters".*32/);
  });
});

const TENANTS = ['11', '12', '18446744073709551615'];
const tenants = fc.constantFrom(...TENANTS);
const classes = fc.constantFrom('agent', 'training_data');
const ids = fc.constantFrom('i1', 'i2', 'i3');
const modes = fc.constantFrom('shadow' as const, 'suggestion' as const, 'autonomous' as const);
const fractions = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const bands = fc.record({ autoAbove: fractions, reviewFrom: fractions }, { requiredKeys: [] });
const scopes = fc.oneof(
  fc.constant({ all: true }),
  fc.record({ feature: ids, tier: ids }, { requiredKeys: ['feature'] }),
);
const reasons = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => !/[\0\p{Cs}]/u.test(text));

const anyChange: fc.Arbitrary<ControlChange> = fc.oneof(
  fc.record({
    kind: fc.constant('consent' as const),
    tenant: tenants,
    featureClass: classes,
    consent: fc.record(
      { state: fc.constantFrom('opt_in' as const, 'opt_out' as const, 'unset' as const), version: fc.nat(9) },
      { requiredKeys: ['state'] },
    ),
  }),
  fc.record({
    kind: fc.constant('choice' as const),
    tenant: tenants,
    user: ids,
    featureClass: fc.constantFrom('agent', '*'),
    choice: fc.constantFrom('opt_in' as const, 'opt_out' as const, undefined),
  }),
  fc.record(
    { kind: fc.constant('preference' as const), tenant: tenants, mode: modes, bands },
    { requiredKeys: ['kind', 'tenant'] },
  ),
  fc.record({
    kind: fc.constant('override' as const),
    tenant: tenants,
    override: fc.record({
      ...{ id: ids, flag: ids, force: fc.constantFrom('on' as const, 'off' as const), reason: reasons },
      until: fc.integer({ min: 0, max: 8.64e15 }),
    }),
  }),
  fc.record({ kind: fc.constant('lift_override' as const), tenant: tenants, id: ids }),
  fc.record({
    kind: fc.constant('model' as const),
    featureClass: classes,
    model: fc.constantFrom('opt_in' as const, 'opt_out' as const, 'not_required' as const),
  }),
  fc.record({ kind: fc.constant('kill' as const), kill: fc.record({ id: ids, scope: scopes, reason: reasons }) }),
  fc.record({ kind: fc.constant('revive' as const), id: ids }),
  fc.record({ kind: fc.constant('cap' as const), cap: fc.record({ id: ids, scope: scopes, mode: modes }) }),
  fc.record({ kind: fc.constant('lift_cap' as const), id: ids }),
  fc.record({ kind: fc.constant('floor' as const), floor: fc.record({ id: ids, scope: scopes, bands }) }),
  fc.record({ kind: fc.constant('lift_floor' as const), id: ids }),
  fc.record({ kind: fc.constant('calibration' as const), change: ids, error: fractions }),
);

/** The log as followers get it, folded by core. */
async function foldOf(store: ControlStore): Promise<ControlState> {
  let state = EMPTY_CONTROL;
  for (;;) {
    const { entries, head } = await store.readLog(state.position, 500);
    for (const { effect } of entries) {
      if (effect.kind === 'change') state = applyControl(state, effect.change);
      else state = { ...state, position: state.position + 1 };
    }
    if (state.position === head) return state;
  }
}

/** A fold remembers that there were overrides once. */
function plain(tenant: ReturnType<typeof EMPTY_TENANT.consents.get> | typeof EMPTY_TENANT): unknown {
  const { overrides = [], ...rest } = tenant as typeof EMPTY_TENANT;
  return { overrides, ...rest };
}
