import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { coreDoor } from './core-door.js';
import { pairRows } from './pairs.js';
import { runTables } from './run-tables.js';
import { readTable, tableFiles } from './table.js';

runTables(coreDoor);

describe('the tables', () => {
  const rows = tableFiles().flatMap((file) => readTable(file));

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
