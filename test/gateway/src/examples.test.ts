import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from '@rampart/gateway';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FLAGS, type Flags, FRONTEND_TOKEN, SECRET, service, useGateway, userToken } from './fixture.js';

const ROOT = new URL('../../..', import.meta.url).pathname;
const named: Flags = JSON.parse(JSON.stringify(FLAGS).replaceAll('ai.copilot', 'ai.support-copilot'));

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** Runs an example as a user would; `enough` ends one that would go on. */
function run(name: string, variables: Record<string, string>, enough?: RegExp): Promise<Ran> {
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/clients/src/${name}`], {
    cwd: ROOT,
    env: { ...process.env, ...variables },
  });
  let out = '';
  let ended = false;
  const take = (chunk: Buffer): void => {
    out += chunk;
    if (ended || !enough?.test(out)) return;
    ended = true;
    child.kill('SIGTERM');
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
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

  it("a page with Unleash's SDK", async () => {
    const token = await userToken({ sub: 'bo', tenant_id: 'acme', tier: 'free', labels: [] });
    const { out } = await run(
      'page.ts',
      { GATEWAY_URL: url, UNLEASH_FRONTEND_TOKEN: FRONTEND_TOKEN, USER_TOKEN: token },
      /^}/m, // a page goes on until it is closed
    );
    expect(out).toMatch(/^false\n/);
    expect(out).toMatch(/requiredTier: 'pro'/);
    expect(out).not.toContain('secret');
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
