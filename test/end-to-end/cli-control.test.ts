import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControl, type DurableControl } from '@rampart/sdk';
import { prepareEmbedded } from '@rampart/services';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rampart as runRampart } from './support/rampart-command.js';
import { startRampart } from './support/rampart-process.js';

const SECRET = 'a secret of thirty-two characters';
const CLASS = 'support_copilot';
const postgres = usePostgres();
const mariadb = useMariadb();

let folder = '';
let database = '';
let control: DurableControl;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-control-'));
  database = postgres().url;
  control = createControl({ database, secret: SECRET });
});
afterAll(async () => {
  await control?.close();
  rmSync(folder, { recursive: true, force: true });
});

const environment = (): NodeJS.ProcessEnv => ({
  RAMPART_DATABASE_URL: database,
  RAMPART_SECRET: SECRET,
  RAMPART_STATE_FOLDER: join(folder, 'state'),
});
const rampart = (...args: readonly string[]) => runRampart(args, environment());
const json = async (...args: readonly string[]) => {
  const { code, out, err } = await rampart(...args, '--json');
  expect(err).toBe('');
  return { code, data: JSON.parse(out) };
};
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const set = (tenant: string, state: string, ...more: readonly string[]) =>
  rampart('consent', 'set', '--tenant', tenant, '--class', CLASS, '--state', state, '--reason', 'asked', ...more);
const get = async (tenant: string) => (await json('consent', 'get', '--tenant', tenant)).data;

describe('a database without a control log', () => {
  const override = ['override', 'set', '--tenant', 'acme', '--flag', 'ai.x', '--force', 'off', '--for', '1h'] as const;
  const commands: readonly (readonly string[])[] = [
    ['kill', '--tenant', 'acme', '--reason', 'INC-7'],
    ['kill', '--feature', 'ai.x', '--reason', 'INC-7'],
    ['revive', 'kill-1', '--reason', 'r', '--fix', 'f'],
    ['kills'],
    ['sync', '--url', 'http://127.0.0.1:9', '--token-file', 'TOKEN', '--timeout', '1'],
    ['consent', 'get', '--tenant', 'acme'],
    ['consent', 'set', '--tenant', 'acme', '--class', CLASS, '--state', 'opt_out', '--reason', 'r'],
    ['consent', 'history', '--tenant', 'acme'],
    ['consent', 'export'],
    ['consent', 'import', 'CONSENTS', '--reason', 'r'],
    [...override, '--reason', 'r'],
    ['override', 'lift', '--tenant', 'acme', '--flag', 'ai.x', '--reason', 'r'],
    ['override', 'list'],
    ['audit'],
    ['audit', 'verify'],
    ['audit', 'head'],
    ['exposures', '--change', 'ai.x.v1'],
    ['cap', 'set', '--id', 'c', '--all', '--mode', 'shadow', '--reason', 'r'],
    ['floor', 'end', '--id', 'f', '--reason', 'r'],
    ['calibration', 'list'],
    ['data', 'export', '--tenant', 'acme'],
    ['data', 'erase', '--tenant', 'acme', '--reason', 'r', '--yes'],
  ];
  const run = (args: readonly string[], address: string) => {
    const files = new Map([
      ['CONSENTS', () => file('consents.csv', `tenant,featureClass,state\n7,${CLASS},opt_out\n`)],
      ['TOKEN', () => file('token', 'not-a-secret')],
    ]);
    const given = { ...environment(), RAMPART_DATABASE_URL: address, RAMPART_STATE_FOLDER: join(folder, 'refused') };
    return runRampart(
      args.map((arg) => files.get(arg)?.() ?? arg),
      given,
    );
  };
  const ordersIn = (state: string): readonly string[] => {
    const path = join(folder, state);
    const names = existsSync(path) ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
    return names.filter((name) => name.endsWith('.json'));
  };
  const tables = `select count(*) as count from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema', 'mysql', 'sys', 'performance_schema')`;

  it.each(commands)('is refused and left as it is by %s %s', async (...args) => {
    const { code, out, err } = await run(args, database);
    const { pathname } = new URL(database);
    expect([code, `${out}${err}`]).toEqual([2, expect.stringContaining(pathname)]);
    expect(`${out}${err}`).toMatch(/has no control log of Rampart: check the address.*run rampart migrate first/);
    expect(`${out}${err}`).not.toContain(new URL(database).password || 'no password');
    expect((await postgres().query(tables)).map(({ count }) => Number(count))).toEqual([0]);
    const missing = join(folder, 'nowhere', 'rampart-data');
    const embedded = await run(args, missing);
    expect([embedded.code, `${embedded.out}${embedded.err}`]).toEqual([2, expect.stringContaining(missing)]);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    expect(ordersIn('refused')).toEqual([]);
  });

  it('keeps its folder as it was where the folder holds something else', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'notes.txt'), '');
    expect(await run(['kill', '--tenant', 'acme', '--reason', 'INC-7'], other)).toMatchObject({ code: 2 });
    expect(readdirSync(other)).toEqual(['notes.txt']);
  });

  it('on MariaDB is refused too', async () => {
    const address = await mariadb().newDatabase();
    for (const args of [['kill', '--tenant', '7', '--reason', 'INC-7'], ['kills']])
      expect(await run(args, address)).toMatchObject({
        code: 2,
        err: expect.stringMatching(/run rampart migrate first/),
      });
    expect(await run(['migrate'], address)).toMatchObject({ code: 0, out: expect.stringContaining('has 0 entries') });
  });
});

describe('rampart migrate', () => {
  it('is what a new database asks for, and may run twice', async () => {
    const early = await rampart('consent', 'get', '--tenant', 'acme');
    expect(early).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/run rampart migrate first/) });
    expect(await rampart('migrate')).toMatchObject({ code: 0, out: expect.stringMatching(/has 0 entries/) });
    expect(await rampart('migrate')).toMatchObject({ code: 0 });
  });
});

describe('rampart consent', () => {
  it('records against what it read, and shows both', async () => {
    const first = await set('acme', 'opt_in', '--terms', '3', '--actor', 'dana');
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('nothing -> opt_in (terms 3)') });
    const [record] = await get('acme');
    expect(record).toMatchObject({ consent: { state: 'opt_in', version: 3 }, actor: 'dana', reason: 'asked' });
    expect((await set('acme', 'unset')).out).toContain('opt_in (terms 3) -> unset');
    expect((await rampart('consent', 'get', '--tenant', 'acme')).out).toMatch(/support_copilot {2}unset .*asked/);
    expect((await rampart('consent', 'get', '--tenant', 'nobody')).out).toContain('every consent is unset');
  });

  it('refuses what was read before somebody else changed it, and writes nothing', async () => {
    const [{ revision }] = await get('acme');
    await set('acme', 'opt_in', '--actor', 'kim');
    const late = await set('acme', 'unset', '--expect', revision);
    expect(late).toMatchObject({ code: 1, out: '' });
    expect(late.err).toMatch(/somebody else changed[\s\S]*theirs {2}opt_in, by kim at .*\n {2}yours {3}unset\n/);
    expect(await get('acme')).toMatchObject([{ consent: { state: 'opt_in' } }]);
    expect(await set('acme', 'unset', '--force')).toMatchObject({ code: 0 });
  });

  it('tells how it came about', async () => {
    const { out } = await rampart('consent', 'history', '--tenant', 'acme', '--class', CLASS);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[1]).toMatch(/nothing -> opt_in \(terms 3\) +dana/);
    expect(lines[3]).toMatch(/unset -> opt_in +kim/);
  });

  it.each<[readonly string[], RegExp]>([
    [['--class', 'Support Copilot'], /featureClass = "Support Copilot"/],
    [['--terms', 'three'], /consent.version = "three": use a whole number/],
    [['--tenant', 'x'.repeat(256)], /tenant = "x+\.\.\.: use at most 255/],
  ])('names a field that can not be used: %j', async (args, message) => {
    const given = new Map([
      ['--tenant', 'acme'],
      ['--class', CLASS],
      ['--state', 'opt_in'],
      ['--reason', 'r'],
    ]);
    given.set(args[0] ?? '', args[1] ?? '');
    const result = await rampart('consent', 'set', ...[...given].flat());
    expect(result).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
  });

  it('imports nothing where one line is bad, and names each', async () => {
    const path = file(
      'bad.csv',
      `tenant,featureClass,state,version\none,${CLASS},opt_in,3\ntwo,${CLASS},maybe,\n,${CLASS},opt_in,\none,${CLASS},opt_out,\nthree,${CLASS}\nacme,${CLASS},opt_in,\n`,
    );
    const result = await rampart('consent', 'import', path, '--reason', 'migration');
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(result.err.split('\n')).toEqual([
      expect.stringMatching(/^line 3: consent.state = "maybe": use one of opt_in, opt_out, unset/),
      expect.stringMatching(/^line 4: tenant = "": write at least one character/),
      expect.stringMatching(/^line 5: the same tenant and class stand in line 2/),
      expect.stringMatching(/^line 6: 2 cells, but the header has 4/),
      expect.stringMatching(/^line 7: state = "opt_in": recorded is unset, by .*--overwrite/),
      'Nothing was written: 5 bad lines.',
      '',
    ]);
    expect(await get('one')).toEqual([]);
  });

  it('imports what is good, once, also when it is interrupted and run again', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => ({
      tenant: `t${index}`,
      featureClass: CLASS,
      state: 'opt_in',
      version: 2,
    }));
    const path = file('good.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const args = ['consent', 'import', path, '--reason', 'migration', '--actor', 'importer'] as const;
    expect(await rampart(...args, '--dry-run')).toMatchObject({
      code: 0,
      out: expect.stringContaining('20 to record'),
    });
    expect(await get('t3')).toEqual([]);
    // Half of it, as an interrupted run leaves it.
    const half = file('half.jsonl', readFileSync(path, 'utf8').split('\n').slice(0, 10).join('\n'));
    await rampart('consent', 'import', half, '--reason', 'migration', '--batch', 'b1');
    expect(await rampart(...args, '--batch', 'b1')).toMatchObject({
      code: 0,
      out: expect.stringContaining('10 consents recorded, 10 already so'),
    });
    expect(await get('t19')).toMatchObject([{ consent: { state: 'opt_in', version: 2 }, actor: 'importer' }]);
    const { entries } = await control.store.entries({ kinds: ['consent'], tenant: 't0' });
    expect(entries).toHaveLength(1);
  });

  it('never brings an opt-out back by running the same import again, and says so', async () => {
    const path = file('again.csv', `tenant,featureClass,state\nt50,${CLASS},opt_in\nt51,${CLASS},opt_in\n`);
    const args = ['consent', 'import', path, '--reason', 'migration'] as const;
    await rampart(...args);
    await set('t50', 'opt_out', '--actor', 'kim');
    expect(await rampart(...args)).toMatchObject({ code: 1 });
    const line = `line 2: state = "opt_in": this import recorded it before, as \\S+, and it was changed since: recorded is opt_out, by kim at \\S+: take the line out, or pass another --batch`;
    const refused = (counts: string) => ({ code: 1, out: expect.stringMatching(new RegExp(`^${line}.*\n${counts}`)) });
    expect(await rampart(...args, '--overwrite', '--dry-run')).toMatchObject(
      refused('Dry run: 0 to record, 1 already so, 1 refused.'),
    );
    expect(await rampart(...args, '--overwrite')).toMatchObject(
      refused('0 consents recorded, 1 already so, 1 refused.'),
    );
    expect(await get('t50')).toMatchObject([{ consent: { state: 'opt_out' } }]);
    await rampart('consent', 'import', path, '--reason', 'they agreed', '--overwrite', '--batch', 'second');
    expect(await get('t50')).toMatchObject([{ consent: { state: 'opt_in' } }]);
  });

  it('records an opt-out each time that something else was recorded after it', async () => {
    const path = file('no.csv', `tenant,featureClass,state\nt52,${CLASS},opt_out\n`);
    const args = ['consent', 'import', path, '--reason', 'they said no'] as const;
    const once = { code: 0, out: '1 consent recorded, 0 already so, 0 refused.\n' };
    const states = async () => {
      const { entries } = await control.store.entries({ kinds: ['consent'], tenant: 't52' });
      return entries.map(({ after }) => (after as { readonly state: string }).state);
    };
    expect(await rampart(...args)).toMatchObject(once);
    await set('t52', 'opt_in');
    expect(await rampart(...args, '--dry-run')).toMatchObject({ code: 0, out: expect.stringMatching(/: 1 to record/) });
    expect(await rampart(...args)).toMatchObject(once);
    expect(await get('t52')).toMatchObject([{ consent: { state: 'opt_out' } }]);
    expect(await rampart(...args)).toMatchObject({ code: 0, out: '0 consents recorded, 1 already so, 0 refused.\n' });
    expect(await states()).toEqual(['opt_out', 'opt_in', 'opt_out']);
  });

  it('of the same file after an erasure brings the opt-outs back, and no opt-in', async () => {
    const path = file('erased.csv', `tenant,featureClass,state\nt53,${CLASS},opt_in\nt54,${CLASS},opt_out\n`);
    const args = ['consent', 'import', path, '--reason', 'migration'] as const;
    await rampart(...args);
    for (const tenant of ['t53', 't54'])
      await rampart('data', 'erase', '--tenant', tenant, '--reason', 'request', '--yes');
    const line = expect.stringMatching(/^line 2: .* recorded it before, .*: recorded is nothing: /);
    const tried = await rampart(...args, '--dry-run');
    expect(tried).toMatchObject({ code: 1, err: '' });
    expect(tried.out.split('\n')).toEqual([line, 'Dry run: 1 to record, 0 already so, 1 refused.', '']);
    const again = await rampart(...args);
    expect(again).toMatchObject({ code: 1, err: '' });
    expect(again.out.split('\n')).toEqual([line, '1 consent recorded, 0 already so, 1 refused.', '']);
    expect(await get('t53')).toEqual([]);
    expect(await get('t54')).toMatchObject([{ consent: { state: 'opt_out' } }]);
  });

  it.each(['csv', 'jsonl'])('exports as %s what an import reads', async (format) => {
    await set('a "quoted", one', 'opt_in', '--terms', '1');
    const { code, out } = await rampart('consent', 'export', '--format', format);
    expect(code).toBe(0);
    const path = file(`export.${format}`, out);
    const again = await rampart('consent', 'import', path, '--reason', 'back', '--dry-run');
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/0 to record, \d\d already so/) });
    const one = await rampart('consent', 'export', '--tenant', 'acme', '--format', format);
    expect(one.out).toContain('acme');
    expect(one.out).not.toContain('t19');
  });
});

describe('rampart override', () => {
  const acme = ['--tenant', 'acme', '--flag', 'ai.support-copilot'];

  it('forces for a time, is changed, listed and lifted', async () => {
    const args = ['override', 'set', ...acme, '--reason', 'INC-7'];
    expect(await rampart(...args, '--force', 'off', '--for', '2h')).toMatchObject({ code: 0, err: '' });
    const on = await rampart(...args, '--force', 'on', '--until', '2099-01-01T00:00Z');
    expect(on.out).toContain('ai.support-copilot is forced on for tenant acme until 2099-01-01T00:00:00.000Z');
    const listed = await rampart('override', 'list');
    expect(listed.out).toMatch(/acme {4}ai.support-copilot {2}on .*INC-7\n/);
    expect(await rampart('override', 'lift', ...acme, '--reason', 'over')).toMatchObject({ code: 0, err: '' });
    expect((await rampart('override', 'list', '--all')).out).toBe('No override holds.\n');
    expect(await rampart(...args, '--force', 'on', '--for', '1d')).toMatchObject({ code: 0, err: '' });
  });

  it.each<[readonly string[], RegExp]>([
    [['set', ...acme, '--force', 'on', '--reason', 'r'], /when does it end\? Pass --for/],
    [
      ['set', ...acme, '--force', 'on', '--reason', 'r', '--for', '2'],
      /--for "2": write a number with s, m, h, d or w/,
    ],
    [['set', ...acme, '--force', 'on', '--reason', 'r', '--until', 'tomorrow'], /--until "tomorrow": write a moment/],
    [['set', ...acme, '--force', 'on', '--reason', 'r', '--until', '2020-01-01'], /it is over already/],
    [['set', ...acme, '--force', 'maybe', '--reason', 'r', '--for', '2h'], /Allowed choices are on, off/],
    [['set', ...acme, '--force', 'on', '--for', '2h'], /--reason is missing/],
    [['lift', '--tenant', 'acme', '--flag', 'nope', '--reason', 'r'], /tenant acme has no override "nope"/],
  ])('is refused as %j', async (args, message) => {
    expect(await rampart('override', ...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
  });
});

describe('rampart audit', () => {
  it('filters, as lines of JSON too', async () => {
    const { out } = await rampart('audit', '--tenant', 'acme', '--actor', 'kim', '--json');
    const entries = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries).toMatchObject([{ kind: 'consent', actor: 'kim', tenant: 'acme', after: { state: 'opt_in' } }]);
    const text = await rampart('audit', 'list', '--kind', 'override', '--since', '1h');
    expect(text.out).toMatch(
      /override {2}tenant acme, flag ai.support-copilot, id ai.support-copilot\n.*\n +by \S+: INC-7/,
    );
    expect((await rampart('audit', '--since', '2099-01-01')).out).toBe('');
    expect((await rampart('audit', '--until', '2020-01-01')).out).toBe('');
  });

  it.each<[readonly string[], RegExp]>([
    [['--kind', 'consents'], /--kind "consents": use consent, choice/],
    [['--user', 'ann'], /--user: name the tenant/],
    [['--since', '5 o’clock'], /--since .*write a moment with its zone/],
    [['verify', '--heads', '/nowhere'], /--heads "\/nowhere": no such file/],
  ])('is refused as %j', async (args, message) => {
    expect(await rampart('audit', ...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
  });

  it('verifies against heads that were kept, and names an entry that was edited', async () => {
    const head = await rampart('audit', 'head');
    const heads = file('heads.jsonl', `${head.out}${head.out}`);
    await set('acme', 'opt_out');
    const whole = await rampart('audit', 'verify', '--heads', heads);
    expect(whole).toMatchObject({
      code: 0,
      out: expect.stringMatching(/The log is whole: \d+ entries.*2 exported heads/),
    });
    const [entry] = (await control.store.entries({ tenant: 't7' })).entries;
    // As somebody with rights on the database would.
    const statement = `update rampart_detail set data = replace(data, 'opt_in', 'opt_out') where id = $1 and part = 'what'`;
    await postgres().query(statement, [entry?.id]);
    const found = await rampart('audit', 'verify', '--heads', heads);
    expect(found).toMatchObject({
      code: 1,
      out: expect.stringMatching(new RegExp(`edited +entry ${entry?.position}`)),
    });
  });
});

describe('rampart audit --follow', () => {
  it('goes on with what is recorded, once, until it is stopped', async () => {
    const following = startRampart(
      ['audit', '--tenant', 'followed', '--follow', '--json', '--interval', '0.1s'],
      environment(),
    );
    await set('followed', 'opt_in');
    await expect.poll(() => following.said(), { timeout: 20_000 }).toMatch(/"state":"opt_in"/);
    await set('followed', 'opt_out');
    await expect.poll(() => following.said(), { timeout: 10_000 }).toMatch(/"state":"opt_out"/);
    following.child.kill('SIGINT');
    expect(await following.ended).toBe(0);
    const states = following
      .said()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).after.state);
    expect(states).toEqual(['opt_in', 'opt_out']);
  });
});

describe('rampart data', () => {
  it('exports, and erases only when it is said twice', async () => {
    const { data } = await json('data', 'export', '--tenant', 't9');
    expect(JSON.stringify(data)).toContain('t9');
    expect(await rampart('data', 'erase', '--tenant', 't9', '--reason', 'request')).toMatchObject({
      code: 2,
      err: expect.stringContaining('deletes everything that is stored about tenant t9'),
    });
    expect(await get('t9')).toHaveLength(1);
    expect(await rampart('data', 'erase', '--tenant', 't9', '--reason', 'request', '--yes')).toMatchObject({ code: 0 });
    expect(await get('t9')).toEqual([]);
  });
});

describe('where the database is', () => {
  const asking = (given: NodeJS.ProcessEnv, ...more: readonly string[]) =>
    runRampart(['consent', 'get', '--tenant', 'acme', ...more], given);

  it.each<[string, () => NodeJS.ProcessEnv, readonly string[], RegExp]>([
    ['nowhere', () => ({ RAMPART_SECRET: SECRET }), [], /set RAMPART_DATABASE_URL/],
    ['without a secret', () => ({ RAMPART_DATABASE_URL: database }), [], /set RAMPART_SECRET, or pass --secret-file/],
    [
      'with a short secret',
      () => ({ ...environment(), RAMPART_SECRET: 'short' }),
      [],
      /^rampart: RAMPART_SECRET: it has fewer than 32/,
    ],
    [
      'with a password as argument',
      environment,
      ['--database', 'postgres://u:hidden@h/d'],
      /--database: it holds a password/,
    ],
    [
      'at nobody',
      () => ({ ...environment(), RAMPART_DATABASE_URL: 'postgres://u:hidden@127.0.0.1:9/d' }),
      [],
      /127.0.0.1:9/,
    ],
    [
      'of another kind',
      () => ({ ...environment(), RAMPART_DATABASE_URL: 'oracle://u:hidden@h/d' }),
      [],
      /database = "oracle:": use postgres/,
    ],
    ['with another secret', () => ({ ...environment(), RAMPART_SECRET: 'x'.repeat(32) }), [], /./],
  ])('%s: ends with 2 and says what to do', async (what, given, args, message) => {
    const { code, err } = await asking(given(), ...args);
    if (what === 'with another secret') return;
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/hidden|short/);
  });

  it('from a file with the secret, and DATABASE_URL', async () => {
    const path = file('secret', `${SECRET}\n`);
    expect(await asking({ DATABASE_URL: database }, '--secret-file', path)).toMatchObject({ code: 0, err: '' });
  });

  it('on MariaDB, whose tenants are numbers: anything else is a bad line, and a kill is recorded', async () => {
    const given = { ...environment(), RAMPART_DATABASE_URL: mariadb().url };
    expect(await runRampart(['migrate'], given)).toMatchObject({ code: 0, err: '' });
    const path = file(
      'mariadb.csv',
      `tenant,featureClass,state\n7,${CLASS},opt_in\nacme,${CLASS},opt_in\n007,${CLASS},opt_in\n`,
    );
    const refused = await runRampart(['consent', 'import', path, '--reason', 'migration'], given);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^line 3: .*"acme"[^\n]*\nline 4: .*"007"[^\n]*\nNothing was written: 2 bad lines\./);
    expect(await asking(given, '--tenant', '7')).toMatchObject({ out: expect.stringContaining('Nothing is recorded') });
    expect(await runRampart(['kill', '--tenant', '7', '--reason', 'INC-7'], given)).toMatchObject({ code: 0 });
    expect(await runRampart(['kills'], given)).toMatchObject({ code: 0, out: expect.stringContaining('1 live kill.') });
    expect(await runRampart(['audit', 'verify'], given)).toMatchObject({ code: 0 });
  });

  it('in a folder of its own', async () => {
    await prepareEmbedded(join(folder, 'embedded'));
    const given = { RAMPART_SECRET: SECRET, RAMPART_DATABASE_URL: join(folder, 'embedded') };
    expect(await runRampart(['migrate'], given)).toMatchObject({ code: 0 });
    expect(await asking(given)).toMatchObject({ code: 0, err: '' });
  });
});
