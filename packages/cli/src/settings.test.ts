import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.js';
import { UsageError } from './failure.js';
import { type ConnectionFlags, readSettings, requireAdminToken } from './settings.js';

const URL_ = { UNLEASH_URL: 'https://u.example.com/api' };
const settings = (flags: ConnectionFlags, environment: NodeJS.ProcessEnv) =>
  readSettings(flags, readEnvironment(environment));

let folder = '';
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the environment', () => {
  it('gives every setting', () => {
    const all = {
      ...URL_,
      UNLEASH_ADMIN_TOKEN: '*:*.admin',
      UNLEASH_CLIENT_TOKEN: '*:development.client',
      UNLEASH_ENVIRONMENT: 'production',
      UNLEASH_PROJECT: 'shop',
      RAMPART_TIERS: 'free, gold',
    };
    expect(settings({}, all)).toEqual({
      url: 'https://u.example.com/api',
      adminToken: '*:*.admin',
      clientToken: '*:development.client',
      environment: 'production',
      project: 'shop',
      tiers: ['free', 'gold'],
    });
  });

  it('counts an empty variable as unset, and trims', () => {
    const found = settings({}, { UNLEASH_URL: ' http://u ', UNLEASH_ADMIN_TOKEN: '', UNLEASH_PROJECT: ' ' });
    expect(found).toMatchObject({ url: 'http://u', adminToken: undefined, project: undefined });
    expect(found.tiers).toEqual(['free', 'starter', 'pro', 'business', 'enterprise']);
  });

  it('knows when colours are unwanted', () => {
    expect(readEnvironment({}).plain).toBe(false);
    expect(readEnvironment({ NO_COLOR: '' }).plain).toBe(false);
    expect(readEnvironment({ NO_COLOR: '1' }).plain).toBe(true);
    expect(readEnvironment({ TERM: 'dumb' }).plain).toBe(true);
  });
});

describe('options', () => {
  it('win over the environment', () => {
    const environment = { ...URL_, UNLEASH_ENVIRONMENT: 'production', UNLEASH_ADMIN_TOKEN: 'from-environment' };
    const flags = { url: 'http://other', environment: 'staging', tokenFile: file('token', 'from-file\n') };
    expect(settings(flags, environment)).toMatchObject({
      url: 'http://other',
      environment: 'staging',
      adminToken: 'from-file',
    });
  });

  it('hide a wrong variable that they replace', () => {
    expect(settings({ url: 'http://u' }, { UNLEASH_URL: 'nonsense' }).url).toBe('http://u');
  });

  it('that name a client token win over an admin token of the environment', () => {
    const flags = { clientTokenFile: file('client', '*:development.x') };
    expect(settings(flags, { ...URL_, UNLEASH_ADMIN_TOKEN: 'admin' })).toMatchObject({
      adminToken: undefined,
      clientToken: '*:development.x',
    });
  });
});

describe('what is wrong is named, with its value and the fix', () => {
  it.each<[string, ConnectionFlags, NodeJS.ProcessEnv, RegExp]>([
    ['no address', {}, {}, /set UNLEASH_URL or pass --url, e\.g\. https/],
    [
      'no address at all',
      {},
      { UNLEASH_URL: 'u.example.com' },
      /^UNLEASH_URL = "u.example.com": write a whole address/,
    ],
    ['another protocol', { url: 'ftp://u' }, {}, /^--url = "ftp:\/\/u": write a whole address/],
    ['a project with a slash', { project: 'a/b' }, URL_, /^--project = "a\/b": write a name/],
    ['an environment with a space', {}, { ...URL_, UNLEASH_ENVIRONMENT: 'my dev' }, /^UNLEASH_ENVIRONMENT = "my dev"/],
    ['a tier in two cases', { tiers: 'pro,Pro' }, URL_, /"pro" and "Pro" differ in case alone/],
    ['a tier twice', { tiers: 'a,b,a' }, URL_, /^--tiers = "a,b,a": write each tier once/],
    ['no tier', {}, { ...URL_, RAMPART_TIERS: ',' }, /^RAMPART_TIERS = ",": write each tier once/],
    ['a missing file', { tokenFile: '/nowhere/token' }, URL_, /^--token-file "\/nowhere\/token": no such file/],
  ])('%s', (_, flags, environment, message) => {
    expect(() => settings(flags, environment)).toThrow(UsageError);
    expect(() => settings(flags, environment)).toThrow(message);
  });

  it.each<[string, ConnectionFlags, NodeJS.ProcessEnv]>([
    ['a password in the address', {}, { UNLEASH_URL: 'https://me:SECRET@u' }],
    ['a token with a line break', {}, { ...URL_, UNLEASH_ADMIN_TOKEN: 'SECRET\nSECRET' }],
    ['a client token with a space', {}, { ...URL_, UNLEASH_CLIENT_TOKEN: 'SECRET SECRET' }],
  ])('but never a secret: %s', (_, flags, environment) => {
    const failure = (() => {
      try {
        return settings(flags, environment);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(UsageError);
    expect(String(failure)).toMatch(/UNLEASH_/);
    expect(String(failure)).not.toMatch(/SECRET/);
  });

  it('an empty token file', () => {
    const path = file('empty', '\n');
    expect(() => settings({ tokenFile: path }, URL_)).toThrow(/^--token-file: it is empty/);
  });

  it('no admin token', () => {
    expect(() => requireAdminToken(settings({}, URL_))).toThrow(/set UNLEASH_ADMIN_TOKEN or pass --token-file/);
  });
});
