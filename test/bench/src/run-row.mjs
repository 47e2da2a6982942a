// Measures one row in a process of its own, so that no row meets code that another has warmed up, and sends the result
// to its parent. Usage: node run-row.mjs ID [--smoke]
import { compareAllocation, FULL_ALLOCATION, SMOKE_ALLOCATION } from './allocation.mjs';
import { compareTime, FULL, SMOKE } from './measure.mjs';
import { ROWS } from './rows.mjs';

const [id, mode] = process.argv.slice(2);
const smoke = mode === '--smoke';
const row = ROWS.find((candidate) => candidate.id === id);
if (row === undefined) throw new Error(`no row ${JSON.stringify(id)}`);

process.send?.({ ...(await measure(row)), node: process.versions.node });
process.disconnect?.();
// SDKs keep timers of their own.
setImmediate(() => process.exit(0));

async function measure({ measure: how, prepare, run }) {
  if (how === 'whole') return run({ smoke });
  const { ours, other } = await prepare();
  if (how === 'allocation') return compareAllocation(ours, other, smoke ? SMOKE_ALLOCATION : FULL_ALLOCATION);
  return compareTime(ours, other, smoke ? SMOKE : FULL);
}
