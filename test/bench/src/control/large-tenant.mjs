import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createControl } from '@rampart/sdk';
import { startPostgres } from '@rampart/services';
import pg from 'pg';
import { CLASS } from '../flags.mjs';
import { median } from '../measure.mjs';
import { SECRET, Stops } from './servers.mjs';

const TENANT = 'acme';

/** Reading a tenant with as many user choices as one may have: how long the event loop is busy in all, and at once, in ms. */
export async function largeTenant({ smoke }) {
  const choices = smoke ? 1_000 : 100_000;
  const stops = new Stops();
  try {
    const postgres = stops.own(await startPostgres());
    const control = stops.close(createControl({ database: postgres.url, secret: SECRET, timeoutMs: 20_000 }));
    await control.ready();
    await fill(postgres.url, choices);
    const runs = [];
    for (let run = 0; run < (smoke ? 1 : 7); run += 1) runs.push(await measure(control.store, choices));
    return { total: median(runs.map(({ total }) => total)), pause: median(runs.map(({ pause }) => pause)), choices };
  } finally {
    await stops.stop();
  }
}

async function measure(store, choices) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = performance.eventLoopUtilization();
  const { tenant } = await store.readTenant(TENANT);
  const { active } = performance.eventLoopUtilization(before);
  delay.disable();
  if (tenant.users.size !== choices) throw new Error(`${tenant.users.size} of ${choices} choices were read`);
  return { total: active, pause: delay.max / 1e6 };
}

async function fill(url, choices) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(
      `insert into rampart_user_choice (tenant_id, user_id, feature_class, choice, entry)
        select '${TENANT}', 'user' || n, '${CLASS}', 'opt_out', 'e' from generate_series(1, ${choices}) n`,
    );
  } finally {
    await client.end();
  }
}
