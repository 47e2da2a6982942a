// One process that opens an embedded folder and records opt-outs, with a short takeover time.
// Prints one JSON line an event. Usage: tsx folder-process.ts FOLDER NAME WRITES TAKEOVER_MS
import { hostname } from 'node:os';
import { pglitePool } from '../src/database/pglite/pool.js';

const [, , folder = '', name = '', writes = '0', takeoverMs = '1000'] = process.argv;
const print = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

const address = { engine: 'pglite', folder, redactedUrl: folder } as const;
try {
  const pool = await pglitePool({ address, timeoutMs: 10_000 } as Parameters<typeof pglitePool>[0], {
    heartbeatMs: 50,
    takeoverMs: Number(takeoverMs),
  });
  const connection = await pool.acquire();
  await connection.query('create table if not exists opt_outs (writer text, n integer)', []);
  print({ event: 'open', pid: process.pid, host: hostname() });
  for (let n = 0; n < Number(writes); n++) {
    await connection.query('insert into opt_outs values ($1, $2)', [name, n]);
    print({ event: 'recorded', n });
  }
  if (Number(writes) > 0) await pool.close();
  else setInterval(() => undefined, 1_000);
} catch (error) {
  print({ event: 'refused', kind: (error as { kind?: string }).kind, message: (error as Error).message });
  // What is left in memory must not reach the files.
  process.exit(3);
}
