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

/**
 * Changes of consent in the order of the log, beside the same rows inserted in no order by a plain transaction, with a
 * statement for each table; shown too, as one statement, the hardest to beat. All writers in this one process.
 */
export async function appends({ smoke, writers }) {
  const stops = new Stops();
  try {
    const postgres = stops.own(await startPostgres());
    const pace = smoke ? SMOKE : FULL;
    const ordered = await orderedSide(postgres.url, writers, stops);
    const rival = async (insert) => unorderedSide({ url: await postgres.newDatabase(), writers, stops, insert });
    const { value, ours, other } = await compareTime(ordered, await rival(insertEach), pace);
    const hardest = await compareTime(ordered, await rival(insertInOne), pace);
    const perSecond = (microseconds) => ((1e6 * writers * APPENDS_A_WRITER) / microseconds).toFixed(0);
    return {
      value,
      note: `${perSecond(ours)} / ${perSecond(other)} a second on ${writers} connections; ${hardest.value.toFixed(2)} beside all rows as one statement (${perSecond(hardest.other)}); a sync of the disk takes ${syncTime(postgres).toFixed(2)} ms`,
    };
  } finally {
    await stops.stop();
  }
}

async function orderedSide(url, writers, stops) {
  const store = stops.close(openStore({ database: url, secret: SECRET, pool: { max: writers }, timeoutMs: 20_000 }));
  await store.migrate();
  const why = { actor: 'bench', reason: 'bench', expected: 'any' };
  const append = (tenant, version) => store.apply(changeOf(tenant, version), why);
  return side(writers, append);
}

/** What inserting costs that looks at nothing before and waits for nobody. */
async function unorderedSide({ url, writers, stops, insert }) {
  const store = stops.close(openStore({ database: url, secret: SECRET }));
  await store.migrate();
  const pool = stops.own(poolOf(url, writers));
  await pool.query('create sequence bench_position');
  return side(writers, async (tenant, version) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await insert(client, valuesOf(tenant, version));
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

const CONSENT = `insert into tenant_ai_consents (tenant_id, feature_class, state, actor_user_id, set_at)
  values ($1, $2, $3, 'bench', now()) on conflict (tenant_id, feature_class) do update
  set state = excluded.state, actor_user_id = excluded.actor_user_id, set_at = excluded.set_at`;
const TERMS = `insert into rampart_consent_terms (tenant_id, feature_class, version, entry)
  values ($1, $2, $3, $4) on conflict (tenant_id, feature_class) do update
  set version = excluded.version, entry = excluded.entry`;
const DETAIL = `insert into rampart_detail (id, part, subject, actor, flag, salt, data)
  values ($1, 'what', $2, null, null, $3, $4), ($1, 'who', $2, 'bench', null, $3, $5)`;
const LOG = `insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
  values (nextval('bench_position'), $1, 'consent', $2, $3, $4, $4, $4)`;

const tables = (values) => {
  const [tenant, name, state, version, id, subject, salt, what, who, at, digest] = values;
  return [
    { name: 'consent', text: CONSENT, values: [tenant, name, state] },
    { name: 'terms', text: TERMS, values: [tenant, name, version, id] },
    { name: 'detail', text: DETAIL, values: [id, subject, salt, what, who] },
    { name: 'log', text: LOG, values: [id, subject, at, digest] },
  ];
};

/** The four as one, its parameters numbered through. */
const IN_ONE = joined([CONSENT, TERMS, DETAIL, LOG], [3, 4, 5, 4]);

function joined(texts, counts) {
  let before = 0;
  const parts = texts.map((text, index) => {
    const own = text.replace(/\$(\d+)/g, (_, number) => `$${before + Number(number)}`);
    before += counts[index];
    return own;
  });
  const last = parts.pop();
  return `with ${parts.map((text, index) => `t${index} as (${text})`).join(', ')} ${last}`;
}

async function insertInOne(client, values) {
  await client.query({ name: 'rows', text: IN_ONE, values: tables(values).flatMap((table) => table.values) });
}

async function insertEach(client, values) {
  for (const statement of tables(values)) await client.query(statement);
}

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
