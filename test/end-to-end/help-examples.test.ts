import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, createGateway, hashKey } from '@rampart/gateway';
import { usePostgres } from '@rampart/services/vitest';
import { createAdminClient } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer } from '@rampart/unleash-server';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type HelpExample, helpExamples } from './support/help-examples.js';
import { rampart } from './support/rampart-command.js';

const postgres = usePostgres();
const examples = await helpExamples();

const SECRET = 'a secret of thirty-two characters';
const OPERATOR_KEY = 'rk_the-key-of-an-operator-in-these-tests';

/** The files that examples read. Each is replaced by its path in a temporary folder. */
const FILES: Readonly<Record<string, string>> = {
  'tenants.csv': 'tenantId,tier,region,labels\nacme,pro,eu,\n',
  'tenants.jsonl': '{"tenantId":"acme","tier":"pro","labels":""}\n',
  'control.json': '[{"kind":"consent","tenant":"acme","featureClass":"support_copilot","consent":{"state":"opt_in"}}]',
  'gates.json': '{"old-copilot":"ai.support-copilot"}',
  'consents.csv': 'tenant,featureClass,state,version\nacme,support_copilot,opt_in,3\n',
};

/** Exit code 1 where a repeated example finds that its work is done, or where the environment is not set up completely. */
const MAY_REFUSE = /^rampart (?:new-feature|new-change|lint) /;

describe('every example of the help', () => {
  let server: UnleashServer;
  let gateway: App;
  let folder = '';
  let environment: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rampart-help-'));
    server = await startUnleashServer({ version: '8' });
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, 'token'), server.clientToken.development);
    const url = `${server.url}/api`;
    const settings = { unleash: { url, token: server.clientToken.development }, port: 0, limits: {} };
    writeFileSync(join(folder, 'gateway.yaml'), JSON.stringify(settings));
    environment = {
      UNLEASH_URL: server.url,
      UNLEASH_ADMIN_TOKEN: server.adminToken,
      RAMPART_DATABASE_URL: postgres().url,
      RAMPART_SECRET: SECRET,
      RAMPART_STATE_FOLDER: join(folder, 'state'),
      RAMPART_GATEWAY_KEY: OPERATOR_KEY,
    };
    const client = createAdminClient({ url: server.url, token: server.adminToken });
    await client.flags.create({ flag: 'old-copilot', type: 'release' });
    await rampart(['migrate'], environment);
    await rampart(['init'], environment);
    gateway = createGateway({
      unleash: { ...settings.unleash, adminUrl: server.url, adminToken: server.adminToken },
      database: postgres().url,
      secret: SECRET,
      keys: [{ name: 'on-call', hash: hashKey(OPERATOR_KEY), role: 'operator' }],
      logLevel: 'silent',
    });
    await gateway.listen({ port: 0, host: '127.0.0.1' });
    await vi.waitFor(async () => {
      const { statusCode } = await gateway.inject('/readyz');
      if (statusCode !== 200) throw new Error(`not ready: ${statusCode}`);
    }, 20_000);
    // The example of an erasure names a user about whom something is stored.
    const said = [
      '--tenant',
      'acme',
      '--class',
      'support_copilot',
      '--state',
      'opt_out',
      '--reason',
      'r',
      '--actor',
      'ann',
    ];
    await rampart(['consent', 'set', ...said, '--unknown-ok'], environment);
    writeFileSync(join(folder, 'heads.jsonl'), (await rampart(['audit', 'head'], environment)).out);
  });
  afterAll(async () => {
    await gateway?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const isFile = (word: string): boolean => word in FILES || ['token', 'gateway.yaml', 'heads.jsonl'].includes(word);

  /** The example's arguments, with paths, ids and addresses that exist here. */
  async function adapted({ args }: HelpExample): Promise<readonly string[]> {
    const { port } = gateway.server.address() as AddressInfo;
    const words = args.map((word) => {
      if (word === 'https://gateway.example.com') return `http://127.0.0.1:${port}`;
      return isFile(word) ? join(folder, word) : word;
    });
    // A gateway that is started would not end. --check reads the same settings.
    if (words[0] === 'serve')
      return [...words.filter((word) => word !== '--check'), '--check'].map((word) =>
        word === 'https://unleash.example.com' ? server.url : word === '8080' ? '0' : word,
      );
    if (words[0] !== 'revive') return words;
    const { out } = await rampart(['kills', '--json'], environment);
    const [kill] = (JSON.parse(out) as { readonly kills: readonly { readonly id: string }[] }).kills;
    return words.map((word) => (word.startsWith('kill-') ? (kill?.id ?? '') : word));
  }

  /** Runs an example. One that follows something is interrupted, as by Ctrl-C. */
  async function run(example: HelpExample) {
    const args = await adapted(example);
    const follows = args.includes('--follow') || args.includes('--watch');
    const interrupt = follows && setInterval(() => process.listenerCount('SIGINT') > 0 && process.emit('SIGINT'), 50);
    try {
      return await rampart(args, environment);
    } finally {
      if (interrupt) clearInterval(interrupt);
    }
  }

  it('is found, for every command', () => {
    expect(examples.length).toBeGreaterThan(40);
    expect(examples.map(({ text }) => text)).toContain(
      `rampart new-change ai.support-copilot prompt-v18 --variant 'v18={"prompt":"v18"}' --dry-run`,
    );
  });

  it.each(examples)('$text', async (example) => {
    const { code, out, err } = await run(example);
    if (example.output !== undefined) appendFileSync(join(folder, example.output), out);
    if (code === 1 && MAY_REFUSE.test(example.text)) return;
    expect({ code, err, out: code === 0 ? '' : out }).toEqual({ code: 0, err: expect.any(String), out: '' });
  });

  describe('a name that Unleash does not have', () => {
    const consent = (featureClass: string, state: string, ...more: readonly string[]) => {
      const what = ['--tenant', 'names', '--class', featureClass, '--state', state, '--reason', 'asked'];
      return rampart(['consent', 'set', ...what, ...more], environment);
    };
    const override = (flag: string, ...more: readonly string[]) => {
      const what = ['--tenant', 'names', '--flag', flag, '--force', 'off', '--for', '2h', '--reason', 'r'];
      return rampart(['override', 'set', ...what, ...more], environment);
    };

    it('is recorded as a consent class with a warning and exit code 1, or accepted with --unknown-ok', async () => {
      expect(await consent('support_copilott', 'opt_out')).toMatchObject({
        code: 1,
        out: expect.stringContaining('recorded as'),
        err: expect.stringMatching(/^warning: .*"support_copilott".*did you mean support_copilot\?.*--unknown-ok/),
      });
      expect(await consent('support_copilott', 'unset', '--unknown-ok')).toMatchObject({ code: 0, err: '' });
      expect(await consent('support_copilot', 'opt_in')).toMatchObject({ code: 0, err: '' });
    });

    it('is imported as a consent class with one warning and exit code 1, or accepted with --unknown-ok', async () => {
      const file = join(folder, 'misspelt.csv');
      const lines = ['tenant,featureClass,state', 'm1,support_copillot,opt_out', 'm2,support_copillot,opt_out'];
      writeFileSync(file, `${lines.join('\n')}\n`);
      const load = (...more: readonly string[]) =>
        rampart(['consent', 'import', file, '--reason', 'r', ...more], environment);
      const { code, out, err } = await load();
      expect([code, out]).toEqual([1, expect.stringContaining('2 consents recorded')]);
      expect(err).toMatch(/^warning: .*"support_copillot".*did you mean support_copilot\?.*--unknown-ok[^\n]*\n$/);
      expect(await load('--unknown-ok')).toMatchObject({ code: 0, err: '' });
    });

    it('is recorded as the flag of an override with a warning and exit code 1, or accepted with --unknown-ok', async () => {
      expect(await override('ai.support-copilt')).toMatchObject({
        code: 1,
        err: expect.stringMatching(/^warning: .*"ai\.support-copilt".*did you mean ai\.support-copilot/),
      });
      expect(await override('ai.support-copilt', '--unknown-ok', '--id', 'other')).toMatchObject({ code: 0, err: '' });
      expect(await override('ai.support-copilot')).toMatchObject({ code: 0, err: '' });
    });

    it('is recorded and reported as not checked while Unleash does not answer', async () => {
      const unreachable = await consent('support_copilot', 'opt_out', '--url', 'http://127.0.0.1:9');
      expect(unreachable).toMatchObject({ code: 0, err: expect.stringMatching(/^warning: .*was not checked: /) });
    });

    it('is an erasure that erases nothing', async () => {
      const erase = ['data', 'erase', '--reason', 'request', '--yes', '--tenant'];
      for (const who of [['nobody'], ['names', '--user', 'nobody']])
        expect(await rampart([...erase, ...who], environment)).toMatchObject({
          code: 1,
          out: '',
          err: expect.stringContaining('nothing is stored about'),
        });
      expect(await rampart([...erase, 'names'], environment)).toMatchObject({ code: 0, err: '' });
    });
  });
});
