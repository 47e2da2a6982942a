import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '@rampart/gateway';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { rampart as runRampart } from '../../end-to-end/support/rampart-command.js';
import { newKey, operator, service, useGateway } from './fixture.js';

const gateway = useGateway();
const elsewhere = newKey('elsewhere', { role: 'operator', environments: ['staging'] });
let app: App;
let url = '';
let folder = '';
beforeAll(async () => {
  app = await gateway({
    keep: true,
    listen: true,
    keys: [service.configured, operator.configured, elsewhere.configured],
  });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'rampart-operator-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = (): NodeJS.ProcessEnv => ({ RAMPART_GATEWAY_URL: url, RAMPART_GATEWAY_KEY: operator.key });
const rampart = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  runRampart(args, { ...environment(), ...more });
const json = async (...args: readonly string[]) => {
  const { code, out, err } = await rampart([...args, '--json']);
  expect(err).toBe('');
  return { code, data: JSON.parse(out) };
};
const KILL = ['kill', '--feature', 'ai.copilot', '--tenant', 'acme', '--reason', 'INC-7'];
const killed = async (...more: readonly string[]): Promise<string> => (await json(...KILL, ...more)).data.id as string;

describe('kill, kills and revive through a gateway', () => {
  test('print and end as the direct form does, and record the name of the key', async () => {
    const kill = await rampart(KILL);
    expect(kill).toMatchObject({ code: 0, err: '' });
    expect(kill.out).toMatch(
      /^kill \S+: feature ai\.copilot and tenant acme\n {2}control log {2}HOLDS since .*\n {2}Unleash {6}not needed\n$/,
    );
    const id = /^kill (\S+):/.exec(kill.out)?.[1] ?? '';
    const kills = await rampart(['kills']);
    expect(kills).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/1 live kill\.\n$/) });
    expect(kills.out).toContain(`${id}  feature ai.copilot and tenant acme`);
    expect(kills.out).toMatch(/on-call {2}INC-7/);
    const revive = await rampart(['revive', id, '--reason', 'mended', '--fix', 'PR 12']);
    expect(revive).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^revive .*\n {2}control log {2}HOLDS/),
    });
    expect(await rampart(['kills'])).toMatchObject({ code: 0, out: 'No live kills.\n' });
    expect(await rampart(['revive', id, '--reason', 'mended', '--fix', 'PR 12'])).toMatchObject({
      code: 1,
      out: '',
      err: `rampart: There is no live kill "${id}": rampart kills shows what is killed.\n`,
    });
  });

  test('print the data of the direct form as JSON', async () => {
    const { code, data } = await json(...KILL);
    expect(code).toBe(0);
    expect(Object.keys(data)).toEqual(['action', 'control', 'unleash', 'settled', 'id', 'scope']);
    expect(data).toMatchObject({ action: 'kill', settled: true, scope: { feature: 'ai.copilot', tenant: 'acme' } });
    expect(await json('kills')).toEqual({
      code: 0,
      data: {
        kills: [
          {
            ...{ id: data.id, scope: data.scope, reason: 'INC-7', actor: 'on-call' },
            ...{ revision: data.control.revision, at: expect.any(Number) },
          },
        ],
        ...{ orders: [], unreadable: [], flagsOff: [] },
      },
    });
    expect((await json('revive', data.id, '--reason', 'mended', '--fix', 'PR 12')).code).toBe(0);
  });

  test('list an order whose half in Unleash is pending, with exit code 1', async () => {
    const kill = await rampart(['kill', '--feature', 'ai.other', '--reason', 'INC-7', '--environment', 'production']);
    expect(kill.code).toBe(1);
    expect(kill.out).toMatch(/Left pending: Unleash\. The gateway finishes it if it has an admin token of Unleash/);
    const id = /^kill (\S+):/.exec(kill.out)?.[1] ?? '';
    const kills = await rampart(['kills']);
    expect(kills.code).toBe(1);
    expect(kills.out).toContain(`pending  kill ${id} (feature ai.other) misses Unleash, noted in the database`);
    const { data } = await json('kills');
    expect(data.orders).toEqual([expect.objectContaining({ action: 'kill', id, recorded: true, noted: 'database' })]);
    await rampart(['revive', id, '--reason', 'mended', '--fix', 'PR 12']);
  });

  test('record a command that is repeated with its entry id once, and refuse another content', async () => {
    const id = await killed('--entry-id', 'inc-7');
    expect(await killed('--entry-id', 'inc-7')).toBe(id);
    expect((await json('kills')).data.kills).toHaveLength(1);
    const other = ['kill', '--feature', 'ai.other', '--reason', 'INC-7', '--entry-id', 'inc-7'];
    expect(await rampart(other)).toMatchObject({ code: 1, err: expect.stringContaining('another content before') });
    await rampart(['revive', id, '--reason', 'mended', '--fix', 'PR 12']);
  });
});

test('override set, list and lift print and end as the direct form does', async () => {
  const what = ['--tenant', 'acme', '--flag', 'ai.copilot'];
  const set = ['override', 'set', ...what, '--force', 'off', '--for', '2h', '--reason', 'INC-7'];
  const { code, data } = await json(...set);
  expect(code).toBe(0);
  expect(data).toEqual({
    ...{ epoch: expect.any(String), position: expect.any(Number), revision: `${data.epoch}.${data.position}` },
    ...{ id: expect.any(String), tenant: 'acme' },
    override: { id: 'ai.copilot', flag: 'ai.copilot', force: 'off', reason: 'INC-7', until: expect.any(Number) },
  });
  // A second one replaces the first, which was read.
  expect(await rampart(set)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^ai\.copilot is forced off for tenant acme until .*\nrecorded as \S+, entry \S+\n$/),
  });
  const listed = (await json('override', 'list', '--tenant', 'acme')).data;
  expect(listed).toEqual([
    {
      ...{ revision: expect.any(String), ended: false, actor: 'on-call', at: expect.any(Number), tenant: 'acme' },
      override: expect.objectContaining({ id: 'ai.copilot', force: 'off' }),
    },
  ]);
  expect((await json('override', 'list', '--tenant', 'other')).data).toEqual([]);
  const lift = ['override', 'lift', ...what, '--reason', 'over'];
  expect(await rampart(lift)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^ai\.copilot of tenant acme is lifted\nrecorded as \S+, entry \S+\n$/),
  });
  expect(await rampart(lift)).toMatchObject({
    code: 2,
    err: expect.stringContaining('tenant acme has no override "ai.copilot"'),
  });
  expect(await rampart(set)).toMatchObject({ code: 0 });
});

test('override set refuses a flag that Unleash does not have, names the option that accepts it, and ends with 1', async () => {
  const set = ['override', 'set', '--tenant', 'initech', '--flag', 'ai.copilott', '--force', 'off'];
  const misspelt = [...set, '--for', '2h', '--reason', 'INC-7'];
  expect(await rampart(misspelt)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/no flag "ai\.copilott", so nothing was recorded: .* --unknown-ok\n$/),
  });
  expect((await json('override', 'list', '--tenant', 'initech')).data).toEqual([]);
  expect(await rampart([...misspelt, '--unknown-ok'])).toMatchObject({ code: 0, err: '' });
});

describe('how the gateway and the key are given', () => {
  const keyFile = (): string => {
    const path = join(folder, 'key');
    writeFileSync(path, `${operator.key}\n`);
    return path;
  };

  test('an address with slashes at its end, and the key in a file', async () => {
    const args = ['kills', '--gateway', `${url}//`, '--gateway-key-file', keyFile()];
    expect(await runRampart(args, {})).toMatchObject({ code: 0, err: '' });
  });

  test.each<[string, readonly string[], NodeJS.ProcessEnv, RegExp]>([
    ['no key', ['kills'], { RAMPART_GATEWAY_KEY: '' }, /no operator key.*RAMPART_GATEWAY_KEY.*--gateway-key-file/],
    [
      'a key with a space',
      ['kills'],
      { RAMPART_GATEWAY_KEY: 'rk_secret key' },
      /^rampart: RAMPART_GATEWAY_KEY: it is empty/,
    ],
    ['the key as an argument', ['kills', '--gateway-key', 'rk_x'], {}, /unknown option '--gateway-key'/],
    [
      'no address',
      ['kills', '--gateway', 'gateway.example.com'],
      {},
      /--gateway = "gateway\.example\.com": write a whole/,
    ],
    ['a password', ['kills', '--gateway', 'http://u:hidden@h'], {}, /^rampart: --gateway: write a whole address/],
    ['a database too', ['kills', '--gateway', 'http://h', '--database', 'd'], {}, /--database: with --gateway/],
    ['an actor', [...KILL, '--actor', 'ana'], {}, /--actor: with RAMPART_GATEWAY_URL the gateway records the name/],
    ['a key file alone', ['kills', '--gateway-key-file', 'k'], { RAMPART_GATEWAY_URL: '' }, /pass --gateway URL too/],
  ])('%s is refused with exit code 2', async (_, args, more, message) => {
    const result = await rampart(args, more);
    expect(result).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
    expect(result.err).not.toMatch(/rk_secret|hidden/);
  });

  test('--database wins over RAMPART_GATEWAY_URL', async () => {
    const args = ['kills', '--database', join(folder, 'none')];
    expect(await rampart(args)).toMatchObject({ code: 2, err: expect.stringContaining('RAMPART_SECRET') });
  });
});

describe('a gateway that refuses the key', () => {
  test.each([
    ['an unknown key', () => 'rk_unknown-key', /answers 401: .*RAMPART_GATEWAY_KEY or --gateway-key-file/],
    ["a service's key", () => service.key, /answers 403: .*rampart key NAME --role operator/],
    ["another environment's key", () => elsewhere.key, /answers 40[13]: /],
  ])('names the fix for %s', async (_, key, message) => {
    for (const args of [['kills'], KILL, ['override', 'list']]) {
      const result = await rampart(args, { RAMPART_GATEWAY_KEY: key() });
      expect(result).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
      expect(result.err).not.toContain(key());
    }
  });
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

describe('a server that is no gateway, or a gateway that is cut off', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const serve = async (handler: Handler): Promise<string> => {
    const server = createServer(handler);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const through = (address: string, args: readonly string[]) =>
    rampart([...args, '--gateway', address], { RAMPART_GATEWAY_URL: '' });

  test('a redirect is named and not followed', async () => {
    let asked = 0;
    const target = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    const address = await serve((_, response) => response.writeHead(308, { location: `${target}/login` }).end());
    const { code, err } = await through(address, KILL);
    expect([code, err]).toEqual([2, expect.stringContaining(`answers 308, a redirect to ${target}.`)]);
    expect(asked).toBe(0);
  });

  test.each<[string, Handler, RegExp]>([
    [
      'a page',
      (_, response) => response.end('<html>'),
      /answers something else than a Rampart gateway.*check the address/,
    ],
    ['another API', (_, response) => response.writeHead(404).end('{}'), /answers 404.*without \/v1/],
  ])('%s is not taken for an answer', async (_, handler, message) => {
    const address = await serve(handler);
    for (const args of [['kills'], KILL])
      expect(await through(address, args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
  });

  test('nothing listens, and TLS that fails, end at once', async () => {
    const plain = await serve((_, response) => response.end());
    expect(await through('http://127.0.0.1:1', KILL)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/can not be reached/),
    });
    expect(await through(plain.replace('http', 'https'), KILL)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/TLS failed \(\w+\): is it http:/),
    });
  });

  test('a gateway that never answers ends with --timeout, and says how to repeat the command', async () => {
    const address = await serve(() => {});
    const { code, err } = await through(address, [...KILL, '--timeout', '0.3']);
    expect(code).toBe(2);
    expect(err).toMatch(
      /did not answer before the command was stopped\. It may have been carried out: .*--entry-id \S+/,
    );
  });

  test('a connection that breaks is repeated under the same key, until the order holds', async () => {
    const keys: unknown[] = [];
    const half = { state: 'pending', since: 0, attempts: 1, error: 'database down', notes: [] };
    const known = { action: 'kill', id: 'kill-1', scope: { feature: 'ai.copilot' } };
    const pending = { ...known, control: half, unleash: { ...half, switched: [] }, settled: false, running: true };
    const held = { ...half, state: 'held', error: undefined };
    const settled = { ...known, control: held, unleash: { ...held, switched: [] }, settled: true, running: false };
    const answers: readonly Handler[] = [
      (request) => request.socket.destroy(),
      (_, response) => response.writeHead(502).end('bad gateway'),
      (_, response) => response.writeHead(202).end(JSON.stringify(pending)),
      (_, response) => response.writeHead(201).end(JSON.stringify(settled)),
    ];
    const address = await serve((request, response) => {
      keys.push(request.headers['idempotency-key']);
      request.resume().on('end', () => answers[keys.length - 1]?.(request, response));
    });
    const { code, out, err } = await through(address, KILL);
    expect([code, out]).toEqual([0, expect.stringContaining('HOLDS')]);
    expect(err).toContain('still trying, control log: database down');
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(1);
  });
});
