import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from '@rampart/gateway';
import { startTcpProxy, type TcpProxy } from '@rampart/services';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { FLAGS, type Flags, FRONTEND_TOKEN, SECRET, service, tenantAdmin, useGateway, userToken } from './fixture.js';

const ROOT = new URL('../../..', import.meta.url).pathname;
const named: Flags = JSON.parse(JSON.stringify(FLAGS).replaceAll('ai.copilot', 'ai.support-copilot'));

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

function start(name: string, variables: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/clients/src/${name}`], {
    cwd: ROOT,
    env: { ...process.env, ...variables },
  });
  let out = '';
  const take = (chunk: Buffer): void => {
    out += chunk;
    child.stdout.emit('taken');
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, ended, out: () => out };
}

/** Runs an example as a user would; `enough` ends one that would go on. */
async function run(name: string, variables: Record<string, string>, enough?: RegExp): Promise<Ran> {
  const { child, ended, out } = start(name, variables);
  let told = false;
  child.stdout.on('taken', () => {
    if (told || !enough?.test(out())) return;
    told = true;
    child.kill('SIGTERM');
  });
  return { code: await ended, out: out() };
}

describe('the examples of clients', () => {
  const gateway = useGateway();
  let url: string;

  beforeAll(async () => {
    const app = await gateway({ flags: named, listen: true, keep: true });
    url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const consent = await app.inject({
      method: 'PUT',
      url: '/v1/tenants/acme/consents/copilot',
      headers: service.headers,
      payload: { state: 'opt_in', actor: 'ana', reason: 'agreed' },
    });
    if (consent.statusCode !== 200) throw new Error(consent.body);
  });

  it('a service in any language', async () => {
    const { code, out } = await run('ofrep.ts', { GATEWAY_URL: url, RAMPART_KEY: service.key });
    expect(out, String(code)).toMatch(/^true enabled open\n/);
    expect(out).toContain("binding: { model: 'secret-model', prompt: 'a secret prompt' }");
    expect(code).toBe(0);
  });

  describe.each([
    ["a page with Unleash's SDK", 'page.ts', /outcome: 'paywall'/],
    ["a page with OpenFeature's SDK", 'ofrep-page.ts', /^false paywall tier$/m],
  ])('%s', (_name, file, paywall) => {
    const token = (user: string, tier: string, expiresIn = '10m') =>
      userToken({ sub: user, tenant_id: 'acme', tier, labels: [] }, { expiresIn });
    let proxy: TcpProxy;
    let page: ReturnType<typeof start>;

    beforeAll(async () => {
      proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: Number(new URL(url).port) } });
      page = start(file, { GATEWAY_URL: `http://127.0.0.1:${proxy.port}`, UNLEASH_FRONTEND_TOKEN: FRONTEND_TOKEN });
    });
    afterAll(async () => {
      page.child.kill('SIGKILL');
      await page.ended;
      await proxy.close();
    });

    const signIn = (user: string, identity: string) => page.child.stdin.write(`${user} ${identity}\n`);
    const shown = (): string[] => page.out().match(/^(?:true|false)\b/gm) ?? [];
    const shows = (value: string) =>
      vi.waitFor(() => expect(shown().at(-1), page.out()).toBe(value), { timeout: 20_000 });

    it('never shows what the user before was given, also while the gateway is away', async () => {
      signIn('ana', await token('ana', 'pro'));
      await shows('true');
      await proxy.drop();
      const before = shown().length;
      signIn('bo', await token('bo', 'free'));
      await shows('false');
      await proxy.heal();
      await vi.waitFor(() => expect(page.out()).toMatch(paywall), { timeout: 20_000 });
      expect(shown().slice(before)).not.toContain('true');
      expect(page.out()).not.toContain('secret');
    });

    it('hides AI when the gateway refuses its token, and shows it with the next one', async () => {
      signIn('ana', await token('ana', 'pro', '-1s')); // the gateway's clock tolerance is 5 s
      await shows('true');
      await shows('false');
      signIn('ana', await token('ana', 'pro'));
      await shows('true');
    });

    it('hides AI while the gateway is away, and after signing out', async () => {
      await proxy.drop();
      await shows('false');
      await proxy.heal();
      await shows('true');
      page.child.stdin.write('\n');
      await shows('false');
    });
  });

  it('a settings page of a tenant admin', async () => {
    const { authorization = '' } = await tenantAdmin('initech');
    const variables = { GATEWAY_URL: url, TENANT: 'initech', ADMIN_TOKEN: authorization.replace('Bearer ', '') };
    const { code, out } = await run('tenant-settings.ts', variables);
    expect(out, String(code)).toBe('copilot unset\nsaved\ncopilot opt_in\n');
    expect(code).toBe(0);

    const foreign = await run('tenant-settings.ts', { ...variables, TENANT: 'acme' });
    expect(foreign.out).toMatch(/Error: 40[34] /);
    expect(foreign.code).toBe(1);
  });

  it('a gateway in a service of your own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rampart-mount-'));
    const { code, out } = await run(
      'mount.ts',
      {
        UNLEASH_URL: gateway.unleashUrl(FLAGS),
        UNLEASH_CLIENT_TOKEN: 'default:development.x',
        RAMPART_FOLDER: join(folder, 'data'),
        RAMPART_SECRET: SECRET,
        PORT: '0',
      },
      /^http:\/\/127\.0\.0\.1:\d+/m,
    );
    expect(code, out).toBe(0);
    rmSync(folder, { recursive: true });
  });
});

it('the configuration that docs/gateway.md shows is one', () => {
  const written = parse(readFileSync(join(ROOT, 'examples/clients/gateway.yaml'), 'utf8'));
  const unleash = { url: 'https://unleash.example.com/api', token: 'default:production.x' };
  expect(readConfiguration({ ...written, unleash, secret: SECRET })).toMatchObject({
    environment: 'production',
    identity: { claims: { tenantId: 'org_id', userId: 'sub' } },
  });
});
