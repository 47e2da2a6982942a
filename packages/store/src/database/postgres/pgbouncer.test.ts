import { randomBytes } from 'node:crypto';
import type { ControlChange } from '@rampart/core';
import { type PgbouncerServer, startPgbouncer } from '@rampart/services';
import { usePostgres } from '@rampart/services/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../open-store.js';

const SECRET = randomBytes(24).toString('hex');
const write = { actor: 'ann', reason: 'a test' };
const consent = (tenant: string): ControlChange => ({
  kind: 'consent',
  tenant,
  featureClass: 'agent',
  consent: { state: 'opt_in' },
});
const postgres = usePostgres();

describe.each(['session', 'transaction'] as const)('behind PgBouncer in %s mode', (mode) => {
  let pgbouncer: PgbouncerServer;
  beforeAll(async () => {
    pgbouncer = await startPgbouncer({ mode, url: postgres().url });
  });
  afterAll(() => pgbouncer.stop());

  const open = (database: string) => openStore({ database, secret: SECRET, timeoutMs: 10_000, pool: { max: 5 } });

  test('two processes migrate, write and read at once', async () => {
    const url = pgbouncer.through(await postgres().newDatabase());
    const [one, two] = [open(url), open(url)];
    try {
      await Promise.all([one.migrate(), two.migrate()]);
      const storeOf = (index: number) => (index % 2 === 0 ? one : two);
      const tenants = Array.from({ length: 20 }, (_, index) => String(index + 1));
      await Promise.all(tenants.map((tenant, index) => storeOf(index).apply(consent(tenant), write)));
      const readings = tenants.map(async (tenant, index) => {
        const store = storeOf(index);
        const [batch, state] = await Promise.all([store.readLog(0, 100), store.readTenant(tenant)]);
        return [batch.head, batch.entries.length, state.tenant.consents.get('agent')?.state];
      });
      expect(await Promise.all(readings)).toEqual(tenants.map(() => [20, 20, 'opt_in']));
      const event = { id: 'e1', name: 'score', at: 1, source: 'test', value: 1 };
      expect(await one.recordEvents([event])).toEqual({ recorded: 1, duplicates: 0 });
      expect(await two.recordEvents([event])).toEqual({ recorded: 0, duplicates: 1 });
      await one.erase({ tenant: '1' }, write);
      expect((await two.verify()).findings).toEqual([]);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });

  test('a commit is on disk although the server would acknowledge it earlier', async () => {
    const database = await postgres().newDatabase();
    const name = new URL(database).pathname.slice(1);
    await postgres().query(`alter database ${name} set synchronous_commit = off`);
    const store = open(pgbouncer.through(database));
    try {
      await store.migrate();
      const { default: pg } = await import('pg');
      const client = new pg.Client(database);
      await client.connect();
      await client.query(`create table seen (setting text);
        create function note() returns trigger language plpgsql as $$
          begin insert into seen values (current_setting('synchronous_commit')); return new; end $$;
        create trigger note before insert on rampart_log for each row execute function note();
        create trigger note before insert on rampart_event for each row execute function note()`);
      await store.apply(consent('1'), write);
      await store.recordEvents([{ id: 'e1', name: 'score', at: 1, source: 'test' }]);
      const { rows } = await client.query('select setting from seen');
      await client.end();
      expect(rows).toEqual([{ setting: 'on' }, { setting: 'on' }]);
    } finally {
      await store.close();
    }
  });
});
