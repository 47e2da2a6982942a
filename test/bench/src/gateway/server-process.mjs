// One server under load, in a process of its own. Usage: node server-process.mjs KIND OPTIONS_AS_JSON; speaks by IPC.
const [kind, options] = process.argv.slice(2);
const { start } = await import(`./${kind}.mjs`);
const port = await start(JSON.parse(options));

process.on('message', (message) => {
  if (message === 'memory') {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    process.send?.({ heapUsed, rss });
  }
});
process.on('message', (message) => {
  if (message !== 'processorTime') return;
  const { user, system } = process.cpuUsage();
  process.send?.({ microseconds: user + system });
});
process.once('disconnect', () => process.exit());
process.send?.({ port });
