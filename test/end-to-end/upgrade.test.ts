import { readFileSync } from 'node:fs';
import { usePostgres } from '@rampart/services/vitest';
import { describe, expect, it } from 'vitest';
import { rampart } from './support/rampart-command.js';

const page = readFileSync(new URL('../../docs/upgrade.md', import.meta.url), 'utf8');
const SECRET = 'a secret of thirty-two characters';
const postgres = usePostgres();
const environment = () => ({ RAMPART_DATABASE_URL: postgres().url, RAMPART_SECRET: SECRET });
const kill = () => rampart(['kill', '--tenant', 'acme', '--reason', 'INC-7'], environment());

describe('docs/upgrade.md', () => {
  it('the command line of a former version works with a newer schema, or names the migration and the fix', async () => {
    // As the page writes such a name, with the number of a migration to come.
    const example = /`0004_(\w+_works_with_0003)`/.exec(page)?.[1];
    const add = (name: string) =>
      postgres().query('insert into rampart_migration (name, timestamp) values ($1, $2)', [name, '2999']);
    expect(await rampart(['migrate'], environment())).toMatchObject({ code: 0 });
    await add(`0990_${example}`);
    expect(await rampart(['migrate'], environment())).toMatchObject({ code: 0 });
    expect(await kill()).toMatchObject({ code: 0 });
    expect(await rampart(['audit', 'verify'], environment())).toMatchObject({ code: 0 });
    await add('0991_unlike_the_former');
    const refused = expect.stringMatching(/migration 0991_unlike_the_former; install that version/);
    expect(await rampart(['migrate'], environment())).toMatchObject({ code: 2, err: refused });
    expect(await rampart(['kills'], environment())).toMatchObject({ code: 2, err: refused });
  });
});
