import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Door } from './door.js';
import { readTable, tableFiles } from './table.js';

/** Declares one test for each row of each table, through one door. */
export function runTables(door: Door): void {
  describe(`through the door of ${door.name}`, () => {
    beforeAll(() => door.open?.());
    afterAll(() => door.close?.());

    for (const file of tableFiles()) {
      describe(`table ${file}`, () => {
        test.each(readTable(file).map((row) => [row.name, row] as const))('%s', (_name, row) => door.check(row));
      });
    }
  });
}
