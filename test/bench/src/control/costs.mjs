import { createControl } from '@rampart/sdk';
import { startMariadb, startPostgres } from '@rampart/services';
import { CLASS } from '../flags.mjs';
import { median } from '../measure.mjs';
import { SECRET, Stops } from './servers.mjs';

const START = { postgres: startPostgres, mariadb: startMariadb };
/** A number, as MariaDB's column takes it. */
const TENANT = '7';

/**
 * What a process waits for one reading of its control store, in ms: a tenant that is in no cache (`miss`), and the log
 * where nothing is new (`poll`). One at a time, on a connection that is open.
 *
 * @param {'postgres' | 'mariadb'} engine
 */
export async function readingTimes(engine, { smoke }) {
  const stops = new Stops();
  try {
    const server = stops.own(await START[engine]());
    const control = stops.close(createControl({ database: await server.newDatabase(), secret: SECRET }));
    await control.ready();
    await control.apply(
      { kind: 'consent', tenant: TENANT, featureClass: CLASS, consent: { state: 'opt_in', version: 2 } },
      { actor: 'bench', reason: 'bench' },
    );
    const { position } = await control.store.head();
    const readings = smoke ? 5 : 500;
    return {
      miss: await times(readings, () => control.store.readTenant(TENANT)),
      poll: await times(readings, () => control.store.readLog(position, 1_000)),
    };
  } finally {
    await stops.stop();
  }
}

async function times(count, read) {
  for (let warmUp = 0; warmUp < 20; warmUp += 1) await read();
  const measured = [];
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    await read();
    measured.push(performance.now() - started);
  }
  return median(measured);
}
