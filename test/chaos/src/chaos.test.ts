import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACES } from './pace.js';
import { healthProblems, type Row } from './run-fault.js';
import { STORIES } from './stories.js';
import type { Told } from './story.js';
import { failuresOf } from './table.js';

// The short form of `npm run chaos`: everything that it breaks, for less time and with a shorter promise.
const pace = PACES.short;

const [oneRedis] = STORIES;

const healthy: Row[] = [];

describe.each(STORIES)('$title', ({ start, faults }) => {
  let told: Told | undefined;
  beforeAll(async () => {
    told = await start({ pace });
  });
  afterAll(() => told?.stop());

  test.each(faults)('$name', { timeout: 120_000 }, async ({ id }) => {
    healthy.push((await told?.healthy()) as Row);
    const row = (await told?.run(id)) as Row;
    expect(row.questions).toBeGreaterThan(0);
    expect(failuresOf(row)).toEqual([]);
  });
});

test('while nothing is broken, hardly anything is unknown', () => {
  expect(healthy.flatMap(failuresOf)).toEqual([]);
  expect(healthProblems(healthy)).toEqual([]);
});

// If this fails, nothing above says anything.
test('readers that ignore the age of their proof are found out', { timeout: 120_000 }, async () => {
  const told = await oneRedis?.start({ pace, sabotaged: true });
  try {
    const row = await told?.run('readers-cut-off');
    expect(row?.findings.filter(({ kind }) => kind === 'stale').length).toBeGreaterThan(100);
    expect(row?.oldest).toBeGreaterThan(pace.maxStaleness);
  } finally {
    await told?.stop();
  }
});
