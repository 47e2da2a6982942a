import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRampart } from '@rampart/sdk';
import { createAdminClient, installStrategies, newChange, newFeature } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer } from '@rampart/unleash-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const environment = 'development';

/** Runs a file as a user would, until it ends by itself. */
function run(file: string, env: Record<string, string>): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, env: { ...process.env, ...env } });
  let out = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (out += chunk));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
}

/** The compiler of TypeScript 5, which knows `moduleResolution: node`; it comes with the check of our types. */
function typescript5(): string {
  const checker = createRequire(createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json'));
  return createRequire(checker.resolve('@arethetypeswrong/core')).resolve('typescript/bin/tsc');
}

describe('the example of the README', () => {
  let server: UnleashServer;

  beforeAll(async () => {
    server = await startUnleashServer({ version: '7' });
    const client = createAdminClient({ url: server.url, token: server.adminToken });
    await installStrategies({ client });
    const feature = 'ai.support-copilot';
    const flag = `${feature}.prompt-v18`;
    const access = { featureClass: 'support_copilot', minTier: 'pro', upgradeUrl: 'https://example.com/upgrade' };
    await newFeature({ client, name: feature, access, environments: [environment], enable: true });
    await newChange({
      client,
      feature,
      change: 'prompt-v18',
      environments: [environment],
      variants: [{ name: 'v18', binding: { model: 'small', prompt: 'v18' } }],
      enable: true,
    });
    const [rule] = await client.rules.list({ flag, environment });
    await client.rules.update(
      { flag, environment, id: rule?.id ?? '' },
      { parameters: { stage: 'ga', rollout: '100', groupId: flag } },
    );
  });

  afterAll(() => server?.stop());

  it('prints what it says, and the process ends by itself', async () => {
    const env = { UNLEASH_URL: server.apiUrl, UNLEASH_CLIENT_TOKEN: server.clientToken[environment] };
    const { code, out } = await run('examples/quick-start/src/main.ts', env);
    expect(out, String(code)).toBe('review answered with {"model":"small","prompt":"v18"}\n');
    expect(code).toBe(0);
  });

  it('records consent in SQL, and the next question knows it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rampart-quick-start-'));
    const env = {
      UNLEASH_URL: server.apiUrl,
      UNLEASH_CLIENT_TOKEN: server.clientToken[environment],
      RAMPART_FOLDER: join(folder, 'control'),
      RAMPART_SECRET: randomBytes(32).toString('hex'),
    };
    for (const attempt of ['first', 'again, over what was recorded']) {
      const { code, out } = await run('examples/quick-start/src/consent.ts', env);
      expect(out, attempt).toBe('true\n');
      expect(code).toBe(0);
    }
    rmSync(folder, { recursive: true });
  });

  it('runs in a NestJS service in CommonJS TypeScript, with the compiler settings of its starter', async () => {
    const outDir = join(root, 'examples/nestjs/dist');
    rmSync(outDir, { recursive: true, force: true });
    await promisify(execFile)(process.execPath, [typescript5(), '-p', 'examples/nestjs', '--outDir', outDir], {
      cwd: root,
    });
    const env = { UNLEASH_URL: server.apiUrl, UNLEASH_CLIENT_TOKEN: server.clientToken[environment] };
    const { code, out } = await run(join(outDir, 'main.js'), env);
    expect(out).toBe('consent_required\n');
    expect(code).toBe(0);
  });

  it('gives a free tenant the paywall that the README shows', async () => {
    const rampart = createRampart({
      unleash: {
        url: server.apiUrl,
        appName: 'readme',
        customHeaders: { Authorization: server.clientToken[environment] },
      },
    });
    await rampart.provider.initialize();
    rampart.control.apply({
      kind: 'consent',
      tenant: 'acme',
      featureClass: 'support_copilot',
      consent: { state: 'opt_in' },
    });
    const decision = rampart.decide('ai.support-copilot', {
      targetingKey: 'ana',
      tenantId: 'acme',
      tier: 'free',
      region: 'eu',
    });
    await rampart.close();
    const { revisions, ...shown } = JSON.parse(JSON.stringify(decision)) as Record<string, unknown>;
    const readme = JSON.parse(readFileSync(`${root}examples/quick-start/paywall.json`, 'utf8')) as Record<
      string,
      unknown
    >;
    expect({
      ...shown,
      revisions: { ...(revisions as object), flag: expect.any(String), policy: expect.any(String) },
    }).toEqual(readme);
    expect(revisions).toMatchObject({ consent: '1', flag: expect.stringMatching(/^[0-9a-f]{12}$/) });
  });
});
