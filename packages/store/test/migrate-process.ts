// One of several processes that migrate the same database at once. Usage: tsx migrate-process.ts DATABASE SECRET
import { openStore } from '../src/open-store.js';

const [, , database = '', secret = ''] = process.argv;
const store = openStore({ database: database.startsWith('/') ? { folder: database } : database, secret });
try {
  await store.migrate();
  const { epoch } = await store.readLog(0, 1);
  console.log(epoch);
  if (process.argv[4] === 'stay') await new Promise(() => setInterval(() => undefined, 1_000));
} finally {
  await store.close();
}
