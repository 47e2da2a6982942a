import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControl, type DurableControl } from '@rampart/sdk';
import { type AuditEntry, createFlagEditReader, type FlagEditReaderOptions } from '@rampart/sdk/operator';
import { usePostgres } from '@rampart/services/vitest';
import { type AdminClient, createAdminClient } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from '@rampart/unleash-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rampart } from './support/rampart-command.js';

const VERSIONS: readonly (readonly [UnleashVersion, string])[] = [
  ['7', '7.5.1'],
  ['8', '8.2.0'],
];
const SECRET = 'a secret of thirty-two characters';
const FLAG = 'ai.support-copilot';
const here = { flag: FLAG, environment: 'development' };

const postgres = usePostgres();

describe.each(VERSIONS)('flag edits made in a real Unleash %s (%s)', (version) => {
  let server: UnleashServer;
  let client: AdminClient;
  let control: DurableControl;
  let database = '';
  let ruleId = '';

  beforeAll(async () => {
    server = await startUnleashServer({ version });
    client = createAdminClient({ url: server.url, token: server.adminToken });
    await client.flags.create({ flag: FLAG, type: 'release' });
    const rule = { name: 'flexibleRollout', parameters: { rollout: '10', stickiness: 'default', groupId: FLAG } };
    ruleId = (await client.rules.add(here, rule)).id;
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    database = await postgres().newDatabase();
    control = createControl({ database, secret: SECRET });
    await control.ready();
    return () => control.close();
  });

  const reader = (more: Partial<FlagEditReaderOptions> = {}) =>
    createFlagEditReader({ store: control.store, admin: client, server: server.url, ...more });
  const edits = async (): Promise<readonly AuditEntry[]> => {
    const all: AuditEntry[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await control.store.entries({ kinds: ['flag_edit'], after, limit: 1000 });
      all.push(...page.entries);
      after = page.next;
    }
    return all;
  };
  /** The numbers of Unleash's own events about flags, ascending. */
  const inUnleash = async (): Promise<readonly number[]> => {
    const pages = await Promise.all(
      [0, 1, 2, 3].map((page) => client.events.list({ limit: 1000, offset: page * 1000 })),
    );
    return pages
      .flat()
      .filter(({ featureName }) => featureName !== undefined)
      .map(({ id }) => id)
      .toSorted((a, b) => a - b);
  };
  const numbers = (entries: readonly AuditEntry[]): readonly number[] =>
    entries.map(({ edit }) => (edit as { readonly event: number }).event);
  const toggle = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count += 2) {
      await client.flags.switchOn(here);
      await client.flags.switchOff(here);
    }
  };

  it('say who, what was before and after, and that no reason was given', async () => {
    await reader().readOnce();
    await client.rules.update(
      { ...here, id: ruleId },
      { parameters: { rollout: '50', stickiness: 'default', groupId: FLAG } },
    );
    expect(await reader().readOnce()).toBe(1);
    const [edit] = (await edits()).slice(-1);
    expect(edit).toMatchObject({ kind: 'flag_edit', flag: FLAG, reason: expect.stringMatching(/^none given/) });
    expect(edit?.actor).toMatch(/\S/);
    expect(JSON.stringify(edit?.before)).toContain('"rollout":"10"');
    expect(JSON.stringify(edit?.after)).toContain('"rollout":"50"');
  });

  it('are copied once: by a second reading, by another reader, by two at the same time', async () => {
    const counts = await Promise.all([reader().readOnce(), reader().readOnce()]);
    const all = await inUnleash();
    expect(counts[0] + counts[1]).toBe(all.length);
    expect(await reader().readOnce()).toBe(0);
    expect(numbers(await edits()).toSorted((a, b) => a - b)).toEqual(all);
  });

  it('come through an outage that is longer than a page of the event log', async () => {
    await reader().readOnce();
    const before = (await edits()).length;
    await toggle(1010);
    expect(await reader().readOnce()).toBe(1010);
    expect(await edits()).toHaveLength(before + 1010);
    expect(numbers(await edits())).toEqual(await inUnleash());
  });

  it('come through a crash between reading and writing, and between two windows', async () => {
    const all = await inUnleash();
    let written = 0;
    const { store } = control;
    const crashing: FlagEditReaderOptions['store'] = {
      lastFlagEdit: (name) => store.lastFlagEdit(name),
      recordFlagEdits: (name, some) => {
        written += 1;
        return written === 2 ? Promise.reject(new Error('killed')) : store.recordFlagEdits(name, some);
      },
    };
    await expect(reader({ store: crashing }).readOnce()).rejects.toThrow('killed');
    const before = await edits();
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(all.length);
    expect(await reader().readOnce()).toBe(all.length - before.length);
    expect(numbers(await edits())).toEqual(all);
  });

  it('are followed, also after Unleash was away, until it is enough', async () => {
    await reader().readOnce();
    const stop = new AbortController();
    const failures: string[] = [];
    const counts: number[] = [];
    const following = reader().follow({
      interval: 50,
      signal: stop.signal,
      onEdits: (count) => counts.push(count),
      onFailure: (error) => failures.push(error),
    });
    await server.kill();
    await expect.poll(() => failures.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await server.start();
    await toggle(2);
    await expect.poll(() => counts.reduce((sum, count) => sum + count, 0), { timeout: 10_000 }).toBe(2);
    stop.abort();
    await following;
  });

  it('are what rampart sync reads and rampart audit shows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rampart-edits-'));
    const environment = {
      UNLEASH_URL: server.url,
      UNLEASH_ADMIN_TOKEN: server.adminToken,
      RAMPART_DATABASE_URL: database,
      RAMPART_SECRET: SECRET,
      RAMPART_STATE_FOLDER: folder,
    };
    const all = await inUnleash();
    const synced = await rampart(['sync'], environment);
    expect(synced).toMatchObject({ code: 0, out: expect.stringContaining(`${all.length} new flag edits`) });
    const shown = await rampart(['audit', '--kind', 'flag_edit', '--flag', FLAG], environment);
    expect(shown.out.slice(0, 2_000)).toMatch(
      /flag_edit {2}flag ai.support-copilot\n +feature-created, event \d+ at 2[\s\S]*by \S+: none given/,
    );
    expect(shown.out).toMatch(/feature-strategy-update in development[^\n]*\n[^\n]*rollout \S+ → 50/);
    rmSync(folder, { recursive: true });
  });
});
