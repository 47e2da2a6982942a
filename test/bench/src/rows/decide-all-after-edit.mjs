import { createServer } from 'node:http';
import { OpenFeature } from '@openfeature/server-sdk';
import { createRampart } from '@rampart/sdk';
import { manyFlags } from '../flags.mjs';
import { everyoneAgreed } from '../rampart.mjs';
import { contexts } from '../subjects.mjs';
import { QUIET } from '../unleash-api.mjs';

/** The first `decideAll` after one of `count` flags was edited: the median over `edits` edits, in ms. */
async function firstDecideAll({ count, edits }) {
  const flags = manyFlags(count, 1);
  const server = createServer((request, response) => {
    request.resume();
    const isFlags = request.url?.includes('/client/features');
    response.writeHead(isFlags ? 200 : 202, { 'content-type': 'application/json' });
    response.end(isFlags ? JSON.stringify({ version: 2, features: flags }) : '{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const url = `http://127.0.0.1:${server.address().port}/api`;
  const rampart = createRampart({ unleash: { ...QUIET, url }, control: everyoneAgreed() });
  await OpenFeature.setProviderAndWait('decide-all-after-edit', rampart.provider);
  for (const context of contexts.slice(0, 8)) rampart.decideAll(context);
  const decideTimes = [];
  const refreshTimes = [];
  for (let edit = 0; edit < edits; edit += 1) {
    flags[edit] = { ...flags[edit], description: `edit ${edit}` };
    const applied = timeOfEvents(rampart.flags);
    await rampart.flags.refresh();
    refreshTimes.push(applied());
    const start = performance.now();
    const decisions = rampart.decideAll(contexts[edit % contexts.length]);
    decideTimes.push(performance.now() - start);
    if (decisions.size !== count) throw new Error(`${decisions.size} decisions instead of ${count}`);
  }
  await rampart.close();
  server.close();
  return { decideMs: median(decideTimes), refreshMs: median(refreshTimes), count };
}

/** The time that the snapshot of an edit takes, from the SDK's change event to the end of its handlers. */
function timeOfEvents(flags) {
  const unsubscribe = flags.subscribe(({ type }) => {
    if (type === 'changed') end = performance.now();
  });
  let end = Number.NaN;
  const start = performance.now();
  return () => {
    unsubscribe();
    return end - start;
  };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

export const decideAllAfterEditRows = [
  {
    id: 'decide-all-after-edit',
    what: 'the first decideAll after one edit among 5,000 flags',
    wanted: 60,
    unit: 'ms',
    measure: 'whole',
    async run({ smoke }) {
      const { decideMs, refreshMs, count } = await firstDecideAll(
        smoke ? { count: 100, edits: 3 } : { count: 5_000, edits: 11 },
      );
      const note = `median of edits; fetching and reading ${count} flags took ${refreshMs.toFixed(0)} ms before`;
      return { value: decideMs, note };
    },
  },
];
