import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.js';
import { run } from './run.js';

async function rampart(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    colour: false,
  };
  const code = await run({ args, variables: readEnvironment(environment), terminal });
  return { code, out, err };
}

const HERE = { UNLEASH_URL: 'http://127.0.0.1:9', UNLEASH_ADMIN_TOKEN: '*:*.not-a-secret' };
const COMMANDS = [
  'init',
  'lint',
  'explain',
  'new-feature',
  'new-change',
  'preview',
  'gate',
  'kill',
  'revive',
  'kills',
  'sync',
  'consent',
  'override',
  'audit',
  'data',
  'migrate',
  'serve',
  'key',
];
const NESTED = [
  'consent get',
  'consent set',
  'consent history',
  'consent import',
  'consent export',
  'override set',
  'override lift',
  'override list',
  'audit list',
  'audit verify',
  'audit head',
  'data export',
  'data erase',
];

describe('help', () => {
  it('lists every command and the exit codes', async () => {
    const { code, out, err } = await rampart(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const command of COMMANDS) expect(out).toContain(`  ${command} `);
    expect(out).toMatch(/Exit codes: 0 fine, 1 findings or refused, 2/);
  });

  it.each([...COMMANDS, ...NESTED])('of %s has examples', async (command) => {
    const { code, out } = await rampart([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\\n  rampart ${command}\\b`));
  });

  it('is printed where no command is given, as wrong usage', async () => {
    expect(await rampart([])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Commands:') });
  });

  it('--version', async () => {
    expect(await rampart(['--version'])).toEqual({ code: 0, out: '0.1.0\n', err: '' });
  });
});

describe('wrong usage ends with 2 and a hint', () => {
  it.each<[readonly string[], RegExp]>([
    [['exlain'], /unknown command 'exlain'\s+\(Did you mean explain\?\)/],
    [['explain', 'f', '--tenat', 'a'], /unknown option '--tenat'\s+\(Did you mean --tenant\?\)/],
    [['explain', 'f'], /^rampart: --tenant is missing/],
    [['explain', '--tenant', 'a'], /missing required argument 'flag'/],
    [['new-feature', 'ai.x'], /^rampart: --class is missing/],
    [['new-change', 'ai.x', 'v', '--type', 'operational'], /Allowed choices are release, experiment/],
    [['preview', '--tenants', 'f'], /^rampart: --feature is missing/],
    [['preview', '--feature', 'ai.x', '--set', 'minTier=pro'], /^rampart: --tenants is missing/],
    [['preview', '--feature', 'ai.x', '--tenants', 'f'], /nothing to try: pass --set PARAMETER=VALUE or --flag FLAG/],
    [['kill', '--reason', 'r'], /nothing to kill: pass --feature, --change, .* or, for everything, --all/],
    [
      ['kill', '--all', '--tenant', 'a', '--reason', 'r'],
      /--all: it covers everything, so it says nothing beside --tenant/,
    ],
    [['kill', '--all'], /^rampart: --reason is missing/],
    [['kill', '--tenant', 'a', '--reason', 'r'], /set RAMPART_DATABASE_URL/],
    [['revive'], /missing required argument 'kill-id'/],
    [['revive', 'kill-1', '--fix', 'PR-1'], /^rampart: --reason is missing/],
    [['revive', 'kill-1', '--reason', 'r'], /^rampart: --fix is missing/],
    [['consent', 'sett'], /unknown command 'sett'\s+\(Did you mean set\?\)/],
    [
      ['consent', 'set', '--tenant', 'a', '--class', 'c', '--state', 'yes'],
      /Allowed choices are opt_in, opt_out, unset/,
    ],
    [['consent', 'set', '--secret', 'x'], /unknown option '--secret'/],
    [['data', 'erase', '--tenant', 'a', '--reason', 'r'], /for good: add --yes/],
    [['sync'], /set RAMPART_DATABASE_URL/],
    [['lint', 'surplus'], /^rampart: lint: too many arguments: "surplus"\. rampart lint --help shows what it takes/],
    [
      ['kill', 'ai.summary'],
      /^rampart: kill: too many arguments: "ai\.summary"\. Did you mean --feature ai\.summary\?/,
    ],
    [['kill', 'ai.summary.v2', '--reason', 'r'], /Did you mean --change ai\.summary\.v2\?/],
    [['kill', 'acme'], /Did you mean --feature acme or --tenant acme\?/],
    [['kill', 'a b'], /Did you mean --feature "a b" or --tenant "a b"\?/],
    [['audit', 'ai.summary'], /^rampart: audit list: too many .* Did you mean --flag ai\.summary\?/],
    [['override', 'set', 'ai.summary.v2'], /Did you mean --flag ai\.summary\.v2\?/],
    [['consent', 'get', 'acme'], /^rampart: consent get: .*Did you mean --tenant acme\?/],
    [['data', 'erase', 'acme'], /Did you mean --tenant acme\?/],
    [['preview', 'ai.summary'], /Did you mean --feature ai\.summary\?/],
    [['lint', '--token', 'x'], /unknown option '--token'/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await rampart(args, HERE);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });

  it.each<[readonly string[], NodeJS.ProcessEnv, RegExp]>([
    [['lint'], {}, /set UNLEASH_URL or pass --url/],
    [['init'], { UNLEASH_URL: 'http://u' }, /set UNLEASH_ADMIN_TOKEN or pass --token-file/],
    [['lint'], { UNLEASH_URL: 'http://u' }, /set UNLEASH_ADMIN_TOKEN/],
    [['new-feature', 'x', '--class', 'c'], HERE, /the convention is ai.<feature>.*or pass --any-name/],
    [
      ['new-feature', 'ai.x', '--class', 'c', '--set', 'featureClass=d'],
      HERE,
      /--set featureClass: it is given by its own/,
    ],
    [
      ['new-feature', 'ai.x', '--class', 'c', '--set', 'priorty=P0'],
      HERE,
      /no such parameter. Use one of featureClass/,
    ],
    [['new-feature', 'ai.x', '--class', 'c', '--min-tier', 'gold'], HERE, /aiAccess.minTier = "gold"/],
    [['new-change', 'ai.x'], HERE, /add a change id such as prompt-v18, or --name/],
    [['new-change', 'ai.x', 'v', '--set', 'rollout=5'], HERE, /a new change starts closed/],
    [['new-change', 'ai.x', 'v', '--variant', 'a=60', '--variant', 'b=60'], HERE, /add up to 120%/],
  ])('%j %j', async (args, environment, message) => {
    const { code, err } = await rampart(args, environment);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe('a server that can not be asked', () => {
  let folder = '';
  let tenants = '';
  let server: ReturnType<typeof createServer>;
  let url = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rampart-cli-'));
    tenants = join(folder, 'tenants.csv');
    writeFileSync(tenants, 'tenantId\nacme\n');
    server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const calls = () => [
    ['init'],
    ['lint'],
    ['explain', 'f', '--tenant', 'a'],
    ['new-feature', 'ai.x', '--class', 'c'],
    ['new-change', 'ai.x', 'v'],
    ['preview', '--feature', 'ai.x', '--set', 'minTier=pro', '--tenants', tenants],
  ];

  it('because nothing listens at the URL', async () => {
    for (const args of calls()) {
      const { code, out, err } = await rampart(args, HERE);
      expect({ args, code, out }).toEqual({ args, code: 2, out: '' });
      expect(err).toMatch(/^rampart: Cannot .*no connection/);
      expect(err).not.toContain('not-a-secret');
    }
  });

  it('because it is no Unleash', async () => {
    for (const args of calls()) {
      const { code, err } = await rampart(args, { ...HERE, UNLEASH_URL: url });
      expect({ args, code }).toEqual({ args, code: 2 });
      expect(err).toMatch(/this is not Unleash's API. Check the URL/);
    }
  });

  it('with a client token', async () => {
    const environment = { UNLEASH_URL: HERE.UNLEASH_URL, UNLEASH_CLIENT_TOKEN: '*:development.not-a-secret' };
    const { code, err } = await rampart(['lint'], environment);
    expect(code).toBe(2);
    expect(err).toMatch(
      /^rampart: cannot read the flags from .* with the client token: .*Check the URL, then the token/,
    );
    expect(err).not.toContain('not-a-secret');
  });
});
