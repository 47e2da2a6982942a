import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareEmbedded } from '@rampart/services';
import { usePostgres } from '@rampart/services/vitest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rampart } from './support/rampart-command.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(join(root, 'docs/rotate-the-secret.md'), 'utf8');
const [steps = '', embedded = ''] = page.split('## The embedded database');
const blocksOf = (text: string): readonly string[] =>
  [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code = '']) => code);

/** The built command, and a kubectl that prints what it was asked for. */
const PRELUDE = `set -eu
rampart() { "${process.execPath}" "${root}packages/cli/dist/main.js" "$@"; }
kubectl() { echo "kubectl $*"; }
`;
const SECRET = 'a secret of thirty-two characters';
const postgres = usePostgres();
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-rotation-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs what is pasted in one shell. */
function paste(
  blocks: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ code: number | null; out: string }> {
  const env = { PATH: process.env['PATH'], HOME: folder, ...environment };
  const shell = spawn('bash', ['-c', PRELUDE + blocks.join('\n')], { cwd: folder, env });
  let out = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
  return new Promise((resolve) => shell.once('close', (code) => resolve({ code, out })));
}

describe('docs/rotate-the-secret.md', () => {
  it('rotates the secret of a database as pasted', async () => {
    const given = { RAMPART_DATABASE_URL: postgres().url, RAMPART_SECRET: SECRET };
    await rampart(['migrate'], given);
    const kill = ['kill', '--tenant', 'acme', '--reason', 'r'];
    await rampart(kill, { ...given, RAMPART_STATE_FOLDER: join(folder, 'state') });
    const { code, out } = await paste([...blocksOf(steps), 'rampart secret rotate --reason again'], given);
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /the beginning {2}[0-9a-f]{8} {2}RAMPART_SECRET[\s\S]*signs the control log from entry 2 on[\s\S]*The log is whole[\s\S]*Nothing changed: the control log is signed/,
      ),
    });
    expect(out.match(/kubectl patch secret rampart/g)).toHaveLength(3);
    // The former secret alone is closed now, and the error names the fix.
    const closed = await rampart(['audit', 'verify'], given);
    expect(closed).toMatchObject({ code: 2, err: expect.stringMatching(/another secret.*RAMPART_ACCEPTED_SECRETS/) });
  });

  it('rotates the secret of an embedded database as pasted', async () => {
    const data = join(folder, 'rampart-data');
    await prepareEmbedded(data);
    writeFileSync(join(data, 'secret'), `${SECRET}\n`);
    const place = ['--database', data, '--secret-file', join(data, 'secret')];
    await rampart(['migrate', ...place], {});
    const { code, out } = await paste(blocksOf(embedded), {});
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringMatching(/from entry 1 on[\s\S]*The log is whole/),
    });
    // Started as before, with the secret that lies in the folder.
    expect(readFileSync(join(data, 'former-secret'), 'utf8')).toBe(`${SECRET}\n`);
    expect(await rampart(['secret', ...place], {})).toMatchObject({
      code: 1,
      out: expect.stringMatching(/missing: add it to RAMPART_ACCEPTED_SECRETS[\s\S]* RAMPART_SECRET/),
    });
  });
});
