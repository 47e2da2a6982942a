import { openStore } from '/work/main/packages/store/src/index.ts';
import { startMariadb, startPostgres } from '/work/main/test/services/src/index.ts';

const which = process.argv[2];
const server = which === 'postgres' ? await startPostgres() : which === 'mysql' ? await startMariadb() : undefined;
const store = openStore({
  database: server?.url ?? { folder: '/tmp/smoke-' + Date.now() },
  secret: 'x'.repeat(40),
  logger: console,
});
try {
  let t = Date.now();
  await store.migrate();
  await store.migrate();
  console.log('migrated', Date.now() - t);
  const w = { actor: 'ann', reason: 'why' };
  console.log(
    await store.apply(
      { kind: 'consent', tenant: '7', featureClass: 'agent', consent: { state: 'opt_in', version: 2 } },
      w,
    ),
  );
  console.log(
    await store.apply(
      { kind: 'consent', tenant: '7', featureClass: 'agent', consent: { state: 'opt_in', version: 3 } },
      { ...w, expected: 'any' },
    ),
  );
  await store
    .apply({ kind: 'consent', tenant: '7', featureClass: 'agent', consent: { state: 'unset' } }, w)
    .catch((e) => console.log(String(e)));
  await store.apply({ kind: 'kill', kill: { id: 'k1', scope: { all: true }, reason: 'x' } }, { ...w, task: { a: 1 } });
  await store.apply({ kind: 'revive', id: 'k1' }, { ...w, expected: 'any' });
  await store.apply({ kind: 'kill', kill: { id: 'k2', scope: { feature: 'f', tenant: '7' }, reason: 'x' } }, w);
  await store.apply(
    { kind: 'override', tenant: '7', override: { id: 'o1', flag: 'f', force: 'on', reason: 'r', until: 9e12 } },
    w,
  );
  await store.apply({ kind: 'choice', tenant: '7', user: 'u', featureClass: '*', choice: 'opt_out' }, w);
  await store.apply({ kind: 'preference', tenant: '7', mode: 'shadow', bands: { autoAbove: 0.1 } }, w);
  await store.apply({ kind: 'calibration', change: 'c', error: 0.1 + 0.2 }, w);
  console.log(
    await store.recordFlagEdits('s', [
      { event: 4, type: 't', flag: 'f', actor: 'a', at: 1 },
      { event: 5, type: 't', flag: 'f', actor: 'a', at: 1 },
    ]),
    await store.recordFlagEdits('s', [{ event: 5, type: 't', flag: 'f', actor: 'a', at: 1 }]),
    await store.lastFlagEdit('s'),
  );
  console.dir(await store.readTenant('7'), { depth: 9 });
  console.dir(await store.readShared(), { depth: 9 });
  console.dir(await store.readLog(0, 3), { depth: 9 });
  console.dir(await store.items(), { depth: 9 });
  console.dir(await store.consents('7'), { depth: 9 });
  console.log(
    await store.tasks.list(),
    await store.tasks.done((await store.tasks.list())[0]!.id, { ok: 1 }),
    await store.tasks.list(),
  );
  t = performance.now();
  for (let i = 0; i < 300; i++)
    await store.apply(
      { kind: 'consent', tenant: String(i), featureClass: 'agent', consent: { state: 'opt_in', version: 2 } },
      w,
    );
  console.log('per apply ms', (performance.now() - t) / 300);
  t = performance.now();
  for (let i = 0; i < 300; i++) await store.readLog(300, 100);
  console.log('per readLog ms', (performance.now() - t) / 300);
} catch (e) {
  console.log(e);
} finally {
  await store.close();
  await server?.stop();
}
