import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../environment.js';
import { UsageError } from '../failure.js';
import { checkGatewaySettings, type GatewayFlags, readGatewaySettings } from './gateway-settings.js';

const SECRET = 'a secret of thirty-two characters';
const POSTGRES = 'postgres://rampart:hidden@db.example.com/rampart';
const HERE = {
  UNLEASH_URL: 'https://u.example.com',
  UNLEASH_CLIENT_TOKEN: '*:development.token',
  RAMPART_SECRET: SECRET,
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-gateway-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const read = (flags: GatewayFlags, environment: NodeJS.ProcessEnv = HERE) =>
  readGatewaySettings(flags, readEnvironment(environment));

describe('settings of a gateway', () => {
  it('come from the environment alone, too', () => {
    const { configuration, notes } = read(
      {},
      { ...HERE, DATABASE_URL: POSTGRES, REDIS_URL: 'redis://r', PORT: '9000' },
    );
    expect(configuration).toMatchObject({
      unleash: { url: 'https://u.example.com/api', token: '*:development.token' },
      database: POSTGRES,
      redis: 'redis://r',
      port: 9_000,
      host: '127.0.0.1',
      secret: SECRET,
    });
    expect(notes).toEqual([]);
  });

  it('accept the secrets of the variable, or of a file, besides', () => {
    const [one, other] = ['1'.repeat(40), '2'.repeat(40)];
    const given = { ...HERE, DATABASE_URL: POSTGRES, RAMPART_ACCEPTED_SECRETS: `${one}\n${other}` };
    expect(read({}, given).configuration.acceptedSecrets).toEqual([one, other]);
    const acceptedSecretFile = file('accepted', `${other}\n`);
    expect(read({ acceptedSecretFile }, given).configuration.acceptedSecrets).toEqual([other]);
    expect(() => read({}, { ...given, RAMPART_ACCEPTED_SECRETS: 'short-one' })).toThrow(
      /RAMPART_ACCEPTED_SECRETS.*use at least 32 characters/,
    );
  });

  it('options win over the environment, the environment over the file, YAML or JSON', () => {
    const text = 'host: file\nport: 1\nenvironment: of-the-file\nunleash: { url: http://file/api, appName: mine }\n';
    for (const path of [
      file('a.yaml', text),
      file(
        'a.json',
        JSON.stringify({ host: 'file', port: 1, environment: 'of-the-file', unleash: { appName: 'mine' } }),
      ),
    ]) {
      const environment = {
        ...HERE,
        PORT: '2',
        HOST: 'variable',
        RAMPART_GATEWAY_CONFIG: file('other.yaml', 'port: x'),
      };
      const { configuration } = read({ config: path, host: 'option' }, environment);
      expect(configuration).toMatchObject({ host: 'option', port: 2, environment: 'of-the-file' });
      expect(configuration.unleash).toMatchObject({ url: 'https://u.example.com/api', appName: 'mine' });
    }
    expect(read({}, { ...HERE, RAMPART_GATEWAY_CONFIG: file('b.yaml', 'port: 77') }).configuration.port).toBe(77);
  });

  it.each<[GatewayFlags, NodeJS.ProcessEnv, string, RegExp]>([
    [{}, {}, '', /^I do not know where Unleash is: set UNLEASH_URL/],
    [{}, { UNLEASH_URL: 'http://u' }, '', /^I have no client token for Unleash: set UNLEASH_CLIENT_TOKEN/],
    [{}, { ...HERE, UNLEASH_URL: 'ftp://u' }, '', /^UNLEASH_URL = "ftp:\/\/u": use an http or https address/],
    [{ port: '70000' }, HERE, '', /^--port = "70000": use at most 65535/],
    [{ port: 'http' }, HERE, '', /^--port = "http": use a number/],
    [{}, { ...HERE, PORT: '-1' }, '', /^PORT = "-1": /],
    [{}, { ...HERE, RAMPART_SECRET: 'hidden' }, '', /^RAMPART_SECRET: use at least 32 characters/],
    [{}, { ...HERE, RAMPART_SECRET: '', DATABASE_URL: POSTGRES }, '', /^I have no secret to sign the control log/],
    [{ database: POSTGRES }, HERE, '', /^--database: it holds a password/],
    [{ redisUrl: 'redis://:hidden@r' }, HERE, '', /^--redis-url: it holds a password/],
    [{ config: '/nowhere.yaml' }, HERE, '', /^--config "\/nowhere.yaml": no such file$/],
    [{}, HERE, 'a: [1\nb: 2', /^--config ".*", line \d: no valid YAML/],
    [{}, HERE, '- hidden', /write settings, one a line/],
    [{}, HERE, 'keys: [{ name: a, hash: hidden }]', /^--config ".*": keys.0.hash: use what `rampart key` printed/],
    [{ tokenFile: '/nowhere' }, HERE, '', /^--token-file "\/nowhere": no such file$/],
    [{ clientTokenFile: tmpdir() }, HERE, '', /^--client-token-file ".*": it is a folder/],
    [{ secretFile: '/nowhere' }, HERE, '', /^--secret-file "\/nowhere": no such file$/],
    [{}, { ...HERE, RAMPART_GATEWAY_CONFIG: '/nowhere' }, '', /^RAMPART_GATEWAY_CONFIG "\/nowhere": no such file$/],
    [{}, HERE, 'port: 1\nport: 2', /^--config ".*", line 2: port is written twice: keep one of them$/],
    [{}, HERE, 'origins: ["https://a.example/"]', /^--config ".*": origins.0 = "https:\/\/a.example\/": browsers send/],
    [{}, HERE, 'unleash: hidden', /^--config ".*": unleash: /],
    [{}, HERE, 'prot: 8080', /^--config ".*": prot: there is no such setting: did you mean port\?/],
    [
      {},
      HERE,
      'identity: { issuer: i, audience: a, algorithms: [HS256] }',
      /identity: set either jwksUrl or sharedKey/,
    ],
  ])('%j %j %j', (flags, environment, text, message) => {
    const all = text === '' ? flags : { ...flags, config: file('wrong.yaml', text) };
    expect(() => read(all, environment)).toThrow(UsageError);
    expect(() => read(all, environment)).toThrow(message);
    expect(() => read(all, environment)).not.toThrow(/hidden/);
  });

  it('a file that would fill the memory is refused', () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [at, name] of 'bcdefghi'.split('').entries()) {
      const before = 'abcdefghi'[at];
      lines.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join()}]`);
    }
    expect(() => read({ config: file('bomb.yaml', lines.join('\n')) })).toThrow(UsageError);
  });
});

describe('all problems at once', () => {
  const problemsOf = (flags: GatewayFlags, environment: NodeJS.ProcessEnv) =>
    checkGatewaySettings(flags, readEnvironment(environment));

  it('of the file, the environment and the options', () => {
    const config = file(
      'many.yaml',
      'prot: 1\norigins: ["app.example.com"]\nport: 1\nport: 2\nkeys: [{ name: a, hash: hidden, may: [trak] }]\n',
    );
    const flags = { config, host: '', tokenFile: '/nowhere', redisUrl: 'redis://:hidden@r' };
    const environment = { UNLEASH_URL: 'u.example.com', RAMPART_SECRET: 'hidden', PORT: 'x' };
    const { problems, unusable, configuration } = problemsOf(flags, environment);
    expect(problems).toEqual([
      expect.stringMatching(/^--redis-url: it holds a password/),
      expect.stringMatching(/^--config ".*", line 4: port is written twice/),
      '--token-file "/nowhere": no such file',
      expect.stringMatching(/^I have no client token/),
      '--host = "": must not be empty',
      'PORT = "x": use a number',
      expect.stringMatching(/^UNLEASH_URL = "u.example.com": use an http or https address/),
      expect.stringMatching(/^RAMPART_SECRET: use at least 32 characters/),
      expect.stringMatching(/^--config ".*": keys.0.hash: use what/),
      expect.stringMatching(
        /^--config ".*": keys.0.may.0 = "trak": use one of evaluate, track, consent; did you mean track\?/,
      ),
      expect.stringMatching(/^--config ".*": origins.0 = "app.example.com": it is no origin/),
      expect.stringMatching(/^--config ".*": prot: there is no such setting: did you mean port\?/),
    ]);
    expect(problems.join()).not.toContain('hidden');
    expect(configuration).toMatchObject({
      host: '127.0.0.1',
      port: 8_080,
      keys: [],
      origins: [],
      redis: flags.redisUrl,
    });
    expect(unusable).toEqual(expect.arrayContaining(['unleash.url', 'unleash.token', 'unleash.adminToken', 'secret']));
    expect(() => read(flags, environment)).toThrow(problems.join('\n'));
  });

  it('keep the parts that can be used', () => {
    const keys = `[{ name: a, hash: "sha256:${'a'.repeat(64)}" }, { name: b, hash: x }]`;
    const identity = '{ issuer: i, audience: a, algorithms: [RS256], jwksUrl: https://i/keys, adminrole: x }';
    const config = file(
      'parts.yaml',
      `unleash: { appname: x }\nkeys: ${keys}\nidentity: ${identity}\ngates: { ai.x: "" }\n`,
    );
    const { problems, configuration } = problemsOf({ config }, HERE);
    expect(problems).toHaveLength(4);
    expect(configuration).toMatchObject({
      unleash: { url: 'https://u.example.com/api', token: '*:development.token' },
      keys: [{ name: 'a' }],
      identity: { jwksUrl: 'https://i/keys' },
      secret: SECRET,
    });
  });

  it('name nothing that a file which can not be read may hold', () => {
    const { problems, unusable } = problemsOf({ config: '/nowhere.yaml' }, {});
    expect(problems).toEqual(['--config "/nowhere.yaml": no such file']);
    expect(unusable).toEqual(['unleash.url', 'unleash.token', 'secret']);
  });

  it('come before a secret is made', () => {
    const database = join(folder, 'wrong');
    expect(() => read({ database, port: 'x' }, { ...HERE, RAMPART_SECRET: '' })).toThrow(UsageError);
    expect(existsSync(database)).toBe(false);
  });
});

describe('the secret of an embedded database', () => {
  const without = { ...HERE, RAMPART_SECRET: '' };

  it('is made once, said once, and for this user alone', () => {
    const database = join(folder, 'data', 'rampart');
    const first = read({ database }, without);
    const path = join(database, 'secret');
    expect(first.notes).toEqual([expect.stringContaining(path)]);
    expect(readFileSync(path, 'utf8').trim()).toBe(first.configuration.secret);
    expect(first.notes[0]).not.toContain(first.configuration.secret);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = read({ config: file('folder.yaml', `database: { folder: ${database} }`) }, without);
    expect([second.configuration.secret, second.notes]).toEqual([first.configuration.secret, []]);
  });

  it('is not made where the settings are only checked', () => {
    const database = join(folder, 'checked');
    const { configuration, notes } = read({ database, check: true }, without);
    expect(configuration.secret).toHaveLength(64);
    expect(notes).toEqual([expect.stringContaining(`made at the start, in ${join(database, 'secret')}`)]);
    expect(existsSync(database)).toBe(false);
    const { configuration: started } = read({ database }, without);
    const checked = read({ database, check: true }, without);
    expect([checked.configuration.secret, checked.notes]).toEqual([started.secret, []]);
    expect(() => read({ database: '/dev/null/nowhere', check: true }, without)).toThrow(/Set RAMPART_SECRET/);
  });

  it('is not made where one is given', () => {
    const database = join(folder, 'given');
    expect(read({ database }).configuration.secret).toBe(SECRET);
    expect(existsSync(database)).toBe(false);
  });

  it('can not be made where nothing can be written', () => {
    expect(() => read({ database: '/dev/null/nowhere' }, without)).toThrow(/\/nowhere\/secret: .*Set RAMPART_SECRET/);
  });
});
