// Breaks everything in turn and judges every answer. Usage: tsx main.ts [--json FILE] [--only FAULT_OR_CHAPTER] [--short]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PACES } from './pace.js';
import { healthProblems, type Row } from './run-fault.js';
import { STORIES } from './stories.js';
import type { Story, Told } from './story.js';
import { failuresOf, HEADING, lineOf, propagationOf } from './table.js';

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, only: { type: 'string' }, short: { type: 'boolean', default: false } },
});
const pace = PACES[options.short ? 'short' : 'full'];
const isWanted = ({ id }: { readonly id: string }): boolean => options.only === undefined || options.only === id;
const stories = STORIES.filter((story) => isWanted(story) || story.faults.some(isWanted));
if (stories.length === 0) {
  const ids = STORIES.flatMap((story) => story.faults.map(({ id }) => id));
  console.error(`chaos: no fault ${JSON.stringify(options.only)}; there are ${ids.join(', ')}`);
  process.exit(2);
}

const healthy: Row[] = [];
const rows: Row[] = [];
let told: Told | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void interrupted());

console.log(`Promise: ${pace.maxStaleness} ms. One writer, eight readers.\n\n${HEADING}`);
for (const story of stories) await tell(story);
const propagation = propagationOf(healthy);
if (propagation !== undefined) console.log(`\n${propagation}`);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ pace, healthy, rows }, null, 2)}\n`);
const failures = [
  ...healthProblems(healthy),
  ...[...healthy, ...rows].flatMap((row) => failuresOf(row).map((failure) => `${row.id}: ${failure}`)),
];
for (const failure of failures) console.error(`chaos: ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);

async function tell(story: Story): Promise<void> {
  told = await story.start({ pace });
  try {
    for (const fault of story.faults.filter((known) => isWanted(story) || isWanted(known))) {
      healthy.push(await told.healthy());
      const row = await told.run(fault.id);
      rows.push(row);
      console.log(lineOf(row));
    }
  } finally {
    await told.stop();
  }
}

async function interrupted(): Promise<void> {
  await told?.stop();
  process.exit(130);
}
