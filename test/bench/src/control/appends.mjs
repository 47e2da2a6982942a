import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '@rampart/services';
import { openStore } from '@rampart/store';
import pg from 'pg';
import { compareTime, median } from '../measure.mjs';
import { SECRET, Stops } from './servers.mjs';

/** Each writer has tenants of its own, so that writers only meet at the head of the log. */
const TENANTS_EACH = 20;
const CLASS = 'support_copilot';
const FULL = { rounds: 41, millisecondsPerSide: 150, warmUpMilliseconds: 3_000 };
const SMOKE = { rounds: 1, millisecondsPerSide: 20, warmUpMilliseconds: 20 };
const APPENDS_A_WRITER = 10;

/** Changes of consent in the order of the log, beside the same rows inserted in no order. All writers in this one process. */
export async function appends({ smoke, writers }) {
  const stops = new Stops();
  try {
    const postgres = stops.own(await startPostgres());
    const ordered = await orderedSide(postgres.url, writers, stops);
    const unordered = await unorderedSide(await postgres.newDatabase(), writers, stops);
    const { value, ours, other } = await compareTime(ordered, unordered, smoke ? SMOKE : FULL);
    const perSecond = (microseconds) => ((1e6 * writers * APPENDS_A_WRITER) / microseconds).toFixed(0);
    return {
      value,
      note: `${perSecond(ours)} / ${perSecond(other)} a second, ${writers} connections; a sync of the disk takes ${syncTime(postgres).toFixed(2)} ms`,
    };
  } finally {
    await stops.stop();
  }
}

async function orderedSide(url, writers, stops) {
  const store = stops.close(openStore({ database: url, secret: SECRET, connections: writers, timeout: 20_000 }));
  await store.migrate();
  const why = { actor: 'bench', reason: 'bench', expected: 'any' };
  const append = (tenant, version) => store.apply(changeOf(tenant, version), why);
  return side(writers, append);
}

/** The rows are made before and sent as one statement: what inserting them costs that look at nothing and wait for nobody. */
async function unorderedSide(url, writers, stops) {
  const store = stops.close(openStore({ database: url, secret: SECRET }));
  await store.migrate();
  const pool = stops.own(poolOf(url, writers));
  await pool.query('create sequence bench_position');
  return side(writers, async (tenant, version) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query({ name: 'rows', text: ROWS, values: valuesOf(tenant, version) });
      await client.query('commit');
    } finally {
      client.release();
    }
  });
}

function poolOf(url, max) {
  const pool = new pg.Pool({ connectionString: url, max });
  return { query: (text) => pool.query(text), connect: () => pool.connect(), stop: () => pool.end() };
}

/** A call is some appends by each writer, one after the other; the writers side by side. */
async function side(writers, append) {
  const versions = Array.from({ length: writers }, () => 0);
  const write = async (writer, count) => {
    for (let index = 0; index < count; index += 1) {
      const version = (versions[writer] += 1);
      await append(`tenant-${writer}-${version % TENANTS_EACH}`, version);
    }
  };
  const all = (count) => Promise.all(Array.from({ length: writers }, (_, writer) => write(writer, count)));
  // So that both sides only change what is there.
  await all(TENANTS_EACH);
  return { call: () => all(APPENDS_A_WRITER), async: true };
}

function changeOf(tenant, version) {
  const state = version % 2 === 0 ? 'opt_in' : 'opt_out';
  return { kind: 'consent', tenant, featureClass: CLASS, consent: { state, version } };
}

const ROWS = `with
  consent as (insert into tenant_ai_consents (tenant_id, feature_class, state, actor_user_id, set_at)
    values ($1, $2, $3, 'bench', now()) on conflict (tenant_id, feature_class) do update
    set state = excluded.state, actor_user_id = excluded.actor_user_id, set_at = excluded.set_at),
  terms as (insert into rampart_consent_terms (tenant_id, feature_class, version, entry)
    values ($1, $2, $4, $5) on conflict (tenant_id, feature_class) do update
    set version = excluded.version, entry = excluded.entry),
  detail as (insert into rampart_detail (id, part, subject, actor, flag, salt, data)
    values ($5, 'what', $6, null, null, $7, $8), ($5, 'who', $6, 'bench', null, $7, $9))
  insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
    values (nextval('bench_position'), $5, 'consent', $6, $10, $11, $11, $11)`;

function valuesOf(tenant, version) {
  const change = changeOf(tenant, version);
  const before = changeOf(tenant, version - 1).consent;
  const [pseudonym, salt] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const item = [tenant, CLASS, change.consent.state, version, randomUUID(), pseudonym, salt];
  const details = [JSON.stringify({ before, change }), '{"actor":"bench","reason":"bench"}'];
  return [...item, ...details, Date.now(), randomBytes(32).toString('hex')];
}

/** What the disk takes at least to make a write last, in ms. */
function syncTime({ folder }) {
  const file = openSync(join(folder, 'sync-time'), 'w');
  const page = Buffer.alloc(8_192, 1);
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, page, 0, page.length, 0);
    const started = performance.now();
    fdatasyncSync(file);
    return performance.now() - started;
  });
  closeSync(file);
  return median(times);
}
