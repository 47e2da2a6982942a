import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from './index.js';
import { useUnleashServer } from './vitest.js';

// Room for several cold starts on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

describe.each<UnleashVersion>(['7', '8'])('Unleash %s', (version) => {
  const unleash = useUnleashServer(version);

  test('is the version it says', async () => {
    const current = { oss: { '7': '7.5.1', '8': '8.2.0' }[version] };
    expect(await admin(unleash(), 'GET', '/ui-config')).toMatchObject({ versionInfo: { current } });
  });

  test('listens on this machine only and checks every token', async () => {
    expect(unleash().url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { apiUrl, clientToken } = unleash();
    expect(await status(`${apiUrl}/client/features`, '*:development.wrong')).toBe(401);
    expect(await status(`${apiUrl}/client/features`, undefined)).toBe(401);
    expect(await status(`${apiUrl}/admin/projects`, clientToken.development)).toBe(403);
  });

  test('answers the tokens of both environments', async () => {
    const { apiUrl, clientToken, frontendToken } = unleash();
    for (const environment of ['development', 'production'] as const) {
      expect(await status(`${apiUrl}/client/features`, clientToken[environment])).toBe(200);
      expect(await status(`${apiUrl}/frontend`, frontendToken[environment])).toBe(200);
    }
  });

  test('shows the UI and lets its user in, nobody else', async () => {
    expect(await (await fetch(unleash().url)).text()).toContain('<title>Unleash</title>');
    const { username, password } = unleash().user;
    expect(await login(unleash(), username, password)).toBe(200);
    expect(await login(unleash(), username, 'unleash4all')).toBe(401);
  });

  test('serves a flag with a custom strategy and a parent, and keeps both across a crash', async () => {
    await createFlags(unleash());
    const before = await definition(unleash(), 'child');
    expect(before).toMatchObject({
      enabled: true,
      strategies: [{ name: 'byTenant', parameters: { tenants: 'a,b' } }],
      dependencies: [{ feature: 'parent', enabled: true }],
    });

    await unleash().kill();
    expect(unleash().pid).toBeUndefined();
    expect(await answers(unleash().url)).toBe(false);

    await unleash().start();
    expect(await definition(unleash(), 'child')).toEqual(before);
    const { events } = (await admin(unleash(), 'GET', '/events')) as { events: { type: string }[] };
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['strategy-created', 'feature-dependency-added']),
    );
  });
});

test('servers run side by side with secrets of their own, and stop leaves no process and no open port', async () => {
  const [one, two] = await Promise.all([startUnleashServer(), startUnleashServer()]);
  expect(await status(`${one.apiUrl}/admin/projects`, one.adminToken)).toBe(200);
  expect(await status(`${one.apiUrl}/admin/projects`, two.adminToken)).toBe(401);

  const pids = [Number(one.pid), Number(two.pid)];
  expect(pids.map(exists)).toEqual([true, true]);
  await Promise.all([one.stop(), two.stop(), two.stop()]);
  expect(pids.map(exists)).toEqual([false, false]);
  expect(await answers(one.url)).toBe(false);
});

test('a taken port is refused with its reason', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(startUnleashServer({ port })).rejects.toThrow('EADDRINUSE');
  other.close();
});

test('the server dies with the process that started it', async () => {
  const parent = fork(fileURLToPath(new URL('./dev.ts', import.meta.url)), ['--port', '0'], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let said = '';
  for await (const chunk of parent.stdout ?? []) {
    said += String(chunk);
    if (said.includes('Ctrl-C')) break;
  }
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '';
  expect((await fetch(`${url}/health`)).status).toBe(200);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await expect.poll(() => answers(url), { timeout: 30_000 }).toBe(false);
});

async function createFlags(server: UnleashServer): Promise<void> {
  await admin(server, 'POST', '/context', { name: 'tenant', stickiness: true });
  await admin(server, 'POST', '/strategies', {
    name: 'byTenant',
    parameters: [{ name: 'tenants', type: 'list', description: '', required: true }],
  });
  for (const name of ['parent', 'child']) {
    await admin(server, 'POST', '/projects/default/features', { name, type: 'release' });
    const environment = `/projects/default/features/${name}/environments/development`;
    await admin(server, 'POST', `${environment}/strategies`, { name: 'byTenant', parameters: { tenants: 'a,b' } });
    await admin(server, 'POST', `${environment}/on`);
  }
  await admin(server, 'POST', '/projects/default/features/child/dependencies', { feature: 'parent' });
}

/** The flag as a server-side SDK gets it, as soon as the server's next revision has it. */
async function definition(server: UnleashServer, name: string): Promise<unknown> {
  const find = async () => {
    const response = await fetch(`${server.apiUrl}/client/features`, {
      headers: { authorization: server.clientToken.development },
    });
    const { features } = (await response.json()) as { features: { name: string; dependencies?: unknown[] }[] };
    return features.find((flag) => flag.name === name);
  };
  await expect.poll(async () => (await find())?.dependencies?.length, { timeout: 30_000 }).toBe(1);
  return find();
}

async function admin(server: UnleashServer, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${server.apiUrl}/admin${path}`, {
    method,
    headers: { authorization: server.adminToken, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function status(url: string, token: string | undefined): Promise<number> {
  return (await fetch(url, { headers: token === undefined ? {} : { authorization: token } })).status;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function login(server: UnleashServer, username: string, password: string): Promise<number> {
  const response = await fetch(`${server.url}/auth/simple/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  return response.status;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
