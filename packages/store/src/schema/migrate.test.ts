import { expect, test } from 'vitest';
import { readSettings } from '../database/settings.js';
import { migrationsOf, SCHEMA_VERSION } from './migrate.js';

const names = ['postgres://db/rampart', 'mysql://db/rampart'].flatMap((database) =>
  Object.keys(migrationsOf(readSettings({ database, secret: 'a secret of thirty-two characters' }))),
);

test('the schema version is the number of the newest migration', () => {
  expect(Math.max(...names.map((name) => Number(name.slice(0, 4))))).toBe(SCHEMA_VERSION);
});

test.each(names)('%s says which older processes can work with it', (name) => {
  // The first three came before any process read such a name.
  if (Number(name.slice(0, 4)) > 3) expect(name).toMatch(/^\d{4}_[a-z0-9_]+_works_with_\d{4}$/);
  else expect(name).toMatch(/^\d{4}_[a-z_]+$/);
});
