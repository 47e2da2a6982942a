import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashKey } from '@rampart/gateway';
import { prepareEmbedded } from '@rampart/services';
import { usePostgres, useRedis } from '@rampart/services/vitest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { FlagServer } from '../specification/src/flag-server.js';
import { rampart } from './support/rampart-command.js';
import { startRampart } from './support/rampart-process.js';

const SECRET = 'a secret of thirty-two characters';
const flags = new FlagServer();
let folder = '';
let unleash = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-serve-'));
  await flags.start();
  unleash = flags.serve({
    features: [
      {
        name: 'plain',
        type: 'release',
        enabled: true,
        strategies: [{ name: 'default', parameters: {}, constraints: [] }],
      },
    ],
  });
});
afterAll(async () => {
  await flags.stop();
  rmSync(folder, { recursive: true, force: true });
});

const here = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  HOME: folder,
  UNLEASH_URL: unleash,
  UNLEASH_CLIENT_TOKEN: '*:development.not-a-secret',
  ...more,
});

describe('rampart key', () => {
  it('prints a key once, and lines that a gateway takes', async () => {
    const { code, out } = await rampart(
      ['key', 'support', '--may', 'track', '--flag', 'ai.s*', '--in', 'production'],
      {},
    );
    const key = /rk_[\w-]{43}/.exec(out)?.[0] ?? '';
    expect(code).toBe(0);
    expect(parse(out.slice(out.indexOf('keys:')))).toEqual({
      keys: [{ name: 'support', hash: hashKey(key), may: ['track'], flags: ['ai.s*'], environments: ['production'] }],
    });
    const { out: json } = await rampart(['key', 'on-call', '--role', 'operator', '--json'], {});
    expect(JSON.parse(json)).toEqual({
      key: expect.stringMatching(/^rk_/),
      configuration: { name: 'on-call', hash: expect.stringMatching(/^sha256:/), role: 'operator' },
    });
  });

  it.each([
    [['key', 'a b'], /use letters, digits/],
    [['key', 'a', '--may', 'kill'], /--may "kill": use evaluate, track or consent/],
    [['key', 'a', '--role', 'operator', '--may', 'track'], /an operator may do everything/],
    [['key', 'a', '--role', 'admin'], /Allowed choices are service, operator/],
  ])('%j is refused', async (args, message) => {
    expect(await rampart(args, {})).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
  });
});

describe('rampart serve', () => {
  it('needs an address and a token, serves, and stops when told, leaving the secret beside the data', async () => {
    const data = join(folder, 'data');
    await prepareEmbedded(data);
    const key = JSON.parse((await rampart(['key', 'support', '--json'], {})).out) as {
      key: string;
      configuration: object;
    };
    const config = join(folder, 'gateway.yaml');
    writeFileSync(config, JSON.stringify({ keys: [key.configuration], drainDelay: 300, metrics: 'anyone' }));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { child, said, ended } = startRampart(
        ['serve', '--config', config, '--database', data, '--port', '0'],
        here(),
      );
      try {
        await vi.waitFor(() => expect(said()).toMatch(/listening at http/), 60_000);
        const url = /listening at (http:\/\/127.0.0.1:\d+)/.exec(said())?.[1] ?? '';
        await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 60_000);
        const answer = await fetch(`${url}/ofrep/v1/evaluate/flags/plain`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
          body: '{"context":{}}',
        });
        expect(await answer.json()).toMatchObject({ key: 'plain', value: true });
        child.kill(signal);
        await vi.waitFor(async () => {
          const ready = await fetch(`${url}/readyz`);
          expect([ready.status, await ready.json()]).toEqual([503, expect.objectContaining({ draining: true })]);
        });
        expect(await ended).toBe(0);
      } finally {
        child.kill('SIGKILL');
      }
      expect(said().includes('no secret was given')).toBe(signal === 'SIGTERM');
      for (const line of said()
        .split('\n')
        .filter((text) => text.startsWith('{')))
        expect(() => JSON.parse(line)).not.toThrow();
      expect(said()).not.toMatch(/not-a-secret|rk_|DeprecationWarning|FSTDEP/);
    }
  });

  it('lets an operator kill through it while it has the embedded database open', async () => {
    const data = join(folder, 'operated');
    const made = JSON.parse((await rampart(['key', 'on-call', '--role', 'operator', '--json'], {})).out);
    await prepareEmbedded(data);
    const config = join(folder, 'operated.yaml');
    writeFileSync(config, JSON.stringify({ keys: [made.configuration] }));
    const { child, said, ended } = startRampart(
      ['serve', '--config', config, '--database', data, '--port', '0'],
      here(),
    );
    try {
      await vi.waitFor(() => expect(said()).toMatch(/listening at http/), 60_000);
      const url = /listening at (http:\/\/127.0.0.1:\d+)/.exec(said())?.[1] ?? '';
      await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 60_000);
      const kill = ['kill', '--feature', 'ai.x', '--tenant', 'acme', '--reason', 'INC-7'];
      const direct = { RAMPART_DATABASE_URL: data, RAMPART_SECRET: SECRET };
      const refused = await rampart([...kill, '--timeout', '1'], direct);
      expect(refused.code).not.toBe(0);
      expect(`${refused.out}${refused.err}`).toMatch(/is held by process \d+.*--gateway URL/);
      const gateway = { RAMPART_GATEWAY_URL: `${url}/`, RAMPART_GATEWAY_KEY: made.key };
      expect(await rampart(kill, gateway)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('HOLDS') });
      expect(await rampart(['kills'], gateway)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/1 live kill\.\n$/),
      });
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('comes up where Unleash and the database are down, and says so', async () => {
    const environment = here({
      UNLEASH_URL: 'http://127.0.0.1:9',
      RAMPART_DATABASE_URL: 'postgres://127.0.0.1:9/x',
      RAMPART_SECRET: SECRET,
    });
    const { child, said, ended } = startRampart(['serve', '--port', '0'], environment);
    try {
      await vi.waitFor(() => expect(said()).toMatch(/listening at http/), 60_000);
      const url = /listening at (http:\/\/127.0.0.1:\d+)/.exec(said())?.[1] ?? '';
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const ready = await fetch(`${url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        503,
        { ready: false, flags: false, consent: false, draining: false },
      ]);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends within stopTimeout where Unleash, the database and Redis are silent, and warns that it has no backup', async () => {
    const sockets = new Set<Socket>();
    const silent = createTcpServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.resume();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const config = join(folder, 'silent.yaml');
    writeFileSync(config, JSON.stringify({ stopTimeout: 5_000 }));
    // A file where the folder of temporary files should be: unwritable, as on a read-only file system.
    const environment = here({
      UNLEASH_URL: `http://${host}`,
      RAMPART_DATABASE_URL: `postgres://${host}/x`,
      REDIS_URL: `redis://${host}`,
      RAMPART_SECRET: SECRET,
      TMPDIR: config,
    });
    const { child, said, ended } = startRampart(['serve', '--config', config, '--port', '0'], environment);
    try {
      await vi.waitFor(() => expect(said()).toMatch(/listening at http/), 20_000);
      await vi.waitFor(() => expect(said()).toMatch(/no backup of flags: \S* cannot be written \(ENOTDIR\)/), 10_000);
      await vi.waitFor(() => expect(sockets.size).toBeGreaterThan(2), 10_000);
      const start = performance.now();
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(performance.now() - start).toBeLessThan(5_500);
    } finally {
      child.kill('SIGKILL');
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  it('names an address that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const port = `${(taken.address() as AddressInfo).port}`;
    const args = ['serve', '--port', port, '--database', join(folder, 'taken')];
    const { code, err } = await rampart(args, here({ RAMPART_SECRET: SECRET }));
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/EADDRINUSE. Choose another address with --host and --port/),
    ]);
    taken.close();
  });
});

describe('rampart serve --check', () => {
  const postgres = usePostgres();
  const redis = useRedis();
  let keys: Server;

  beforeAll(async () => {
    keys = createServer((request, response) => {
      response.end(request.url === '/keys' ? '{"keys":[{"kty":"RSA"}]}' : '{}');
    });
    await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => keys.close());

  const config = (path: string): string => {
    const at = join(folder, 'check.json');
    const jwksUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}${path}`;
    writeFileSync(
      at,
      JSON.stringify({ port: 0, identity: { issuer: 'i', audience: 'a', algorithms: ['RS256'], jwksUrl } }),
    );
    return at;
  };
  const check = async (path: string, environment: NodeJS.ProcessEnv) => {
    const { code, out } = await rampart(['serve', '--check', '--json', '--config', config(path)], environment);
    const { checks } = JSON.parse(out) as { checks: readonly { what: string; ok: boolean; found: string }[] };
    return { code, found: Object.fromEntries(checks.map(({ what, ok, found }) => [what, [ok, found]])) };
  };

  it('creates no tables in a database server: rampart migrate does', async () => {
    const given = here({ RAMPART_SECRET: SECRET, DATABASE_URL: postgres().url });
    const tables = async () =>
      (await postgres().query("select tablename from pg_tables where schemaname = 'public'")).length;
    const { found, code } = await check('/keys', given);
    expect([found['database'], code]).toEqual([[false, expect.stringMatching(/run rampart migrate first/)], 1]);
    const { child, said } = startRampart(['serve', '--port', '0'], given);
    try {
      await vi.waitFor(() => expect(said()).toMatch(/run rampart migrate first/), 60_000);
      await vi.waitFor(() => expect(said()).toMatch(/listening at http/), 60_000);
      const url = /listening at (http:\/\/127.0.0.1:\d+)/.exec(said())?.[1] ?? '';
      expect([(await fetch(`${url}/readyz`)).status, await tables()]).toEqual([503, 0]);
      expect(await rampart(['migrate'], given)).toMatchObject({ code: 0 });
      await vi.waitFor(
        async () => expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ ready: true }),
        60_000,
      );
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('tries everything', async () => {
    const all = here({ RAMPART_SECRET: SECRET, DATABASE_URL: postgres().url, REDIS_URL: redis().url });
    const { code, found } = await check('/keys', all);
    expect(found).toMatchObject({
      Unleash: [true, expect.stringContaining('has 1 flags')],
      database: [true, expect.stringMatching(/its control log has/)],
      Redis: [true, 'it answers'],
      'keys of users': [true, expect.stringContaining('holds 1')],
    });
    expect(code).toBe(0);
    const { out } = await rampart(['serve', '--check', '--config', config('/keys')], all);
    expect(out).toMatch(/^ +what +found\nok +address/);
  });

  it('leaves nothing behind, and says what a start would make', async () => {
    const data = join(folder, 'unmade');
    const args = ['serve', '--check', '--port', '0', '--database', data];
    const { code, out, err } = await rampart(args, here());
    expect([code, existsSync(data)]).toEqual([0, false]);
    expect(out).toContain(`${data} is made at the start`);
    expect(err).toContain(`no secret was given: one is made at the start, in ${join(data, 'secret')}`);
  });

  it('names every problem of the file, the environment and the options, and tries what can be tried', async () => {
    const path = join(folder, 'many.yaml');
    const hash = `sha256:${'a'.repeat(64)}`;
    const twins = `[{ name: a, hash: "${hash}", role: operator, may: [track] }, { name: a, hash: hunter2 }]`;
    writeFileSync(path, `prot: 1\norigins: ["https://app.example.com/login", "app.example.com"]\nkeys: ${twins}\n`);
    const args = ['serve', '--check', '--config', path, '--secret-file', join(folder, 'missing'), '--port', 'x'];
    const { code, out, err } = await rampart(args, here({ REDIS_URL: redis().url }));
    const expected = [
      /"[^"]*missing": no such file/,
      /prot: there is no such setting: did you mean port\?/,
      /origins\.0 = "https:\/\/app\.example\.com\/login": browsers send https:\/\/app\.example\.com/,
      /origins\.1 = "app\.example\.com": it is no origin/,
      /keys\.0\.may: an operator's key may do everything/,
      /keys\.1\.name = "a": keys\.0 has the same name/,
      /keys\.1\.hash: use what `rampart key` printed/,
      /--port = "x": use a number/,
    ];
    for (const line of expected) expect(err).toMatch(line);
    expect(err.trim().split('\n')).toHaveLength(expected.length);
    expect(out).toMatch(/ok +Unleash +http.* has 1 flags/);
    expect(out).toMatch(/ok +Redis +it answers/);
    expect(out).toMatch(/skipped +database +not tried: secret can not be used/);
    expect([code, `${out}${err}`.includes('hunter2')]).toEqual([2, false]);
    const json = await rampart([...args, '--json'], here());
    expect(JSON.parse(json.out)).toMatchObject({ problems: { length: expected.length }, checks: expect.any(Array) });
    const started = await rampart(
      args.filter((arg) => arg !== '--check'),
      here(),
    );
    expect([started.code, started.err]).toEqual([2, err]);
  });

  it('says what does not work, and ends with 1', async () => {
    const nothing = here({
      UNLEASH_URL: 'http://127.0.0.1:2',
      RAMPART_SECRET: SECRET,
      DATABASE_URL: 'postgres://user:hidden@127.0.0.1:9/x',
      REDIS_URL: 'redis://:hidden@127.0.0.1:9',
    });
    const { code, found } = await check('/none', nothing);
    expect(found).toMatchObject({
      Unleash: [false, expect.stringContaining('ECONNREFUSED')],
      database: [false, expect.any(String)],
      Redis: [false, expect.stringContaining('no answer')],
      'keys of users': [false, expect.stringContaining('holds no keys')],
      callers: [true, expect.any(String)],
    });
    expect(JSON.stringify(found)).not.toContain('hidden');
    expect(code).toBe(1);
  });
});
