import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coreDoor } from './core-door.js';
import type { Door } from './door.js';
import { pairRows } from './pairs.js';
import { providerDoor } from './provider-door.js';
import { readTable, tableFiles } from './table.js';

const DOORS: readonly Door[] = [coreDoor, providerDoor];

const tables = tableFiles().map((file) => ({ file, rows: readTable(file) }));

describe.each(DOORS)('through the door of $name', (door) => {
  beforeAll(() => door.open?.());
  afterAll(() => door.close?.());

  describe.each(tables)('$file', ({ rows }) => {
    test.each(rows)('$name', async (row) => {
      await door.check(row);
    });
  });
});

describe('the tables', () => {
  const rows = tables.flatMap((table) => table.rows);

  test('hold every pair of gates, as pairs.ts gives them', () => {
    const written = readFileSync(new URL('../decisions/pairs.json', import.meta.url), 'utf8');
    expect(JSON.parse(written).rows).toEqual(JSON.parse(JSON.stringify(pairRows())));
  });

  test('hold at least 300 rows', () => {
    expect(rows.length).toBeGreaterThanOrEqual(300);
  });

  test('name each row once', () => {
    const names = rows.map((row) => row.name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
