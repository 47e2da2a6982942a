import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseFlags, knowsDatabase, openControl, readActor, readControlSettings } from './control-settings.js';
import { readEnvironment } from './environment.js';

const SECRET = 'a secret of thirty-two characters';
const POSTGRES = 'postgres://rampart:hidden@db.example.com/rampart';
const HERE = { RAMPART_DATABASE_URL: POSTGRES, RAMPART_SECRET: SECRET };
const settings = (flags: DatabaseFlags, environment: NodeJS.ProcessEnv) =>
  readControlSettings(flags, readEnvironment(environment));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('control settings', () => {
  it('come from the environment', () => {
    const all = { ...HERE, REDIS_URL: 'redis://r', RAMPART_ENVIRONMENT: 'production', RAMPART_STATE_FOLDER: '/state' };
    const { journal, ...rest } = settings({}, all);
    const expected = { database: POSTGRES, secret: SECRET, acceptedSecrets: [], redis: 'redis://r' };
    expect(rest).toEqual({ ...expected, environment: 'production' });
    expect(journal).toMatch(/^\/state\/orders\/[0-9a-f]{16}$/);
  });

  it('options win, and what is no address is a folder', () => {
    const path = join(folder, 'secret');
    writeFileSync(path, `${'y'.repeat(40)}\n`);
    const found = settings({ database: folder, secretFile: path, redisUrl: 'redis://other' }, HERE);
    expect(found).toMatchObject({ database: { folder }, secret: 'y'.repeat(40), redis: 'redis://other' });
  });

  it('accept secrets that stand one a line, in the variable or a file', () => {
    const [one, other] = ['1'.repeat(40), `${'2'.repeat(40)} `];
    const path = join(folder, 'accepted');
    writeFileSync(path, `${one}\r\n${other}\n\n`);
    expect(settings({ acceptedSecretFile: path }, HERE).acceptedSecrets).toEqual([one, other]);
    const variable = { ...HERE, RAMPART_ACCEPTED_SECRETS: `${one}\n` };
    expect(settings({}, variable).acceptedSecrets).toEqual([one]);
    expect(settings({ acceptedSecretFile: path }, variable).acceptedSecrets).toHaveLength(2);
  });

  it('RAMPART_DATABASE_URL wins over DATABASE_URL', () => {
    expect(settings({}, { ...HERE, DATABASE_URL: 'mysql://m/d' }).database).toBe(POSTGRES);
    expect(settings({}, { DATABASE_URL: 'mysql://m/d', RAMPART_SECRET: SECRET }).database).toBe('mysql://m/d');
  });

  it('keep the orders of each database apart, whoever asks with whatever password', () => {
    const state = { RAMPART_STATE_FOLDER: folder };
    const journal = (url: string) => settings({}, { ...HERE, ...state, RAMPART_DATABASE_URL: url }).journal;
    expect(journal('postgres://other:one@db.example.com/rampart')).toBe(journal(POSTGRES));
    expect(journal('postgres://rampart:hidden@db.example.com/staging')).not.toBe(journal(POSTGRES));
  });

  it.each([
    [{ RAMPART_STATE_FOLDER: '/a', XDG_STATE_HOME: '/b', HOME: '/c' }, '/a/orders/'],
    [{ XDG_STATE_HOME: '/b', HOME: '/c' }, '/b/rampart/orders/'],
    [{ HOME: '/c' }, '/c/.local/state/rampart/orders/'],
  ])('keep them in a folder of state: %j', (environment, expected) => {
    expect(settings({}, { ...HERE, ...environment }).journal).toContain(expected);
  });

  it('do without one where there is no home', () => {
    expect(settings({}, HERE).journal).toBeUndefined();
  });

  it.each<[DatabaseFlags, NodeJS.ProcessEnv, RegExp]>([
    [{}, { RAMPART_SECRET: SECRET }, /set RAMPART_DATABASE_URL.*--database .\/rampart-data/],
    [{}, { RAMPART_DATABASE_URL: POSTGRES }, /set RAMPART_SECRET, or pass --secret-file FILE/],
    [{}, { ...HERE, RAMPART_SECRET: 'short-one' }, /^RAMPART_SECRET: it has fewer than 32 characters/],
    [
      {},
      { ...HERE, RAMPART_ACCEPTED_SECRETS: 'short-one' },
      /^RAMPART_ACCEPTED_SECRETS: it has fewer than 32 characters/,
    ],
    [{ acceptedSecretFile: '/nowhere' }, HERE, /^--accepted-secret-file "\/nowhere": no such file/],
    [{ secretFile: '/nowhere' }, HERE, /^--secret-file "\/nowhere": no such file/],
    [{ database: POSTGRES }, HERE, /^--database: it holds a password.*put the address into RAMPART_DATABASE_URL/],
    [{ redisUrl: 'redis://:hidden@r' }, HERE, /^--redis-url: it holds a password.*REDIS_URL/],
    [{ controlEnvironment: 'a b' }, HERE, /^--control-environment = "a b": write a name/],
  ])('refuse %j with %j', (flags, environment, message) => {
    expect(() => settings(flags, environment)).toThrow(message);
    expect(() => settings(flags, environment)).not.toThrow(/hidden|short-one/);
  });

  it('refuse a broken Redis URL as wrong usage, without its password', () => {
    const found = settings({}, { ...HERE, REDIS_URL: 'http://:hidden@r' });
    expect(() => openControl(found, {})).toThrow(/redis: use redis:\/\//);
    expect(() => openControl(found, {})).not.toThrow(/hidden/);
  });

  it('are known only with the secret: DATABASE_URL may be that of another program', () => {
    const knows = (environment: NodeJS.ProcessEnv) => knowsDatabase({}, readEnvironment(environment));
    expect([knows(HERE), knows({ DATABASE_URL: POSTGRES }), knows({ RAMPART_SECRET: SECRET })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('take the user of this machine for the actor, unless told', () => {
    expect([readActor(undefined), readActor('dana')]).toEqual([userInfo().username, 'dana']);
  });
});
