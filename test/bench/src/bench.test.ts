import { expect, test } from 'vitest';
import { type ComparedRow, ROWS, type WholeRow } from './rows.mjs';

const SUBJECTS = 256;
const COMPARED = ROWS.filter((row): row is ComparedRow => row.measure !== 'whole');
const WHOLE = ROWS.filter((row): row is WholeRow => row.measure === 'whole');

test('rows have ids of their own', () => {
  expect(new Set(ROWS.map((row) => row.id)).size).toBe(ROWS.length);
});

// A comparison means something only if both sides do what they are said to do.
test.each(COMPARED)('$id: both sides answer as meant', async ({ id, prepare }) => {
  const { ours, other, same } = await prepare();
  const subjects = Array.from({ length: id.startsWith('decide-all') ? 8 : SUBJECTS }, (_, index) => index);
  const answers = async (side: typeof ours) =>
    Promise.all(subjects.map(async (index) => side.answer(await side.call(index))));
  const [a, b] = [await answers(ours), await answers(other)];
  expect([...new Set(a)].sort()).toEqual([...ours.expected].sort());
  expect([...new Set(b)].sort()).toEqual([...other.expected].sort());
  if (same === true) expect(a).toEqual(b);
});

// The short form's times mean nothing; its counts do.
test.each(WHOLE)('$id: is measured', { timeout: 180_000 }, async ({ unit, wanted, run }) => {
  const { value, note } = await run({ smoke: true });
  // So few streams can leave less resident than there was before.
  if (unit === 'KB') expect(value).not.toBeNaN();
  else expect(value).toBeGreaterThan(0);
  expect(note).not.toContain('NaN');
  if (unit === 'reads') expect(value).toBe(wanted);
});
