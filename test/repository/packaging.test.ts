import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Manifest, packages, ROOT, read } from './files.js';

const execute = promisify(execFile);

const published = packages.filter(({ manifest }) => !manifest.private);
const entries = published.flatMap(({ manifest }) =>
  Object.keys(manifest.exports ?? {})
    .filter((entry) => !entry.endsWith('.json'))
    .map((entry) => manifest.name + entry.slice(1)),
);

interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** A CommonJS project as a user has it: the packed packages and what their manifests declare, nothing else. */
const project = mkdtempSync(join(realpathSync(tmpdir()), 'rampart-packaging-'));
const packed = new Map<string, Packed>();

afterAll(() => rmSync(project, { recursive: true, force: true }));

beforeAll(async () => {
  const folders = published.map(({ folder }) => `./packages/${folder}`);
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', project, ...folders], { cwd: ROOT });
  for (const one of packedList(stdout)) packed.set(one.name, one);
  for (const { folder, manifest } of published) {
    await unpack(manifest.name);
    linkDependencies(folder, manifest);
  }
  link('@types/node', ROOT, project);
  writeFileSync(join(project, 'package.json'), '{ "name": "a-commonjs-service", "private": true, "type": "commonjs" }');
});

/** npm 10 prints a list, npm 11 the same, npm 12 an object by name. */
function packedList(output: string): readonly Packed[] {
  const parsed = JSON.parse(output) as readonly Packed[] | Readonly<Record<string, Packed>>;
  return Object.values(parsed);
}

async function unpack(name: string): Promise<void> {
  const target = join(project, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  const archive = join(project, packed.get(name)?.filename ?? `${name} was not packed`);
  await execute('tar', ['--extract', '--gzip', '--strip-components=1', '--file', archive, '--directory', target]);
}

/** Each package sees its own dependencies only, so that one it forgot to declare is not lent by another. */
function linkDependencies(folder: string, { name: owner, dependencies, peerDependencies }: Manifest): void {
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const ours = published.some(({ manifest }) => manifest.name === name);
    if (!ours) link(name, join(ROOT, 'packages', folder), join(project, 'node_modules', owner));
  }
}

function link(name: string, from: string, into: string): void {
  const at = join(into, 'node_modules', name);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(installedAt(name, from), at);
}

function installedAt(name: string, from: string): string {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  for (const place of places) {
    try {
      return realpathSync(join(place, name));
    } catch {}
  }
  throw new Error(`${name} is declared in ${from} but not installed`);
}

function writeAndRun(file: string, source: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  writeFileSync(join(project, file), source);
  return execute(process.execPath, [file], { cwd: project });
}

describe.each(published)('what $manifest.name publishes', ({ folder, manifest }) => {
  it('is the build, without tests, build state or dangling maps', () => {
    const paths = (packed.get(manifest.name)?.files ?? []).map(({ path }) => path);
    expect(paths).toContain('dist/index.js');
    expect(paths).toContain('dist/index.d.ts');
    const known =
      /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/(?:[\w-]+\/)*[\w-]+\.(?:js|js\.map|d\.ts))$/;
    expect(paths.filter((path) => !known.test(path) || /\.(?:test|bench)\./.test(path))).toEqual([]);
  });

  it('includes the license', () => {
    expect((packed.get(manifest.name)?.files ?? []).map(({ path }) => path)).toContain('LICENSE');
    expect(read(`packages/${folder}/LICENSE`)).toBe(read('LICENSE'));
  });

  it('names its runtime, license, repository and home page', () => {
    const repository = 'https://github.com/rampart-flags/rampart';
    expect(manifest).toMatchObject({
      type: 'module',
      license: 'Apache-2.0',
      engines: { node: '>=20.19' },
      homepage: `${repository}/tree/main/packages/${folder}#readme`,
      repository: { type: 'git', url: `git+${repository}.git`, directory: `packages/${folder}` },
      bugs: `${repository}/issues`,
    });
  });

  it('shows its types to compilers that read no `exports`', () => {
    const typed = Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) =>
      typeof target === 'object' && target !== null && 'types' in target ? [[entry, target.types] as const] : [],
    );
    const subpaths = typed.filter(([entry]) => entry !== '.').map(([entry, types]) => [entry.slice(2), [types]]);
    const typesVersions = subpaths.length > 0 ? { '*': Object.fromEntries(subpaths) } : undefined;
    expect(manifest.main).toBe('./dist/index.js');
    expect(manifest.types).toBe(Object.fromEntries(typed)['.']);
    expect(manifest.typesVersions).toEqual(typesVersions);
  });
});

describe('peers', () => {
  it.each(published.filter(({ folder }) => folder !== 'cli'))('of $folder are the libraries its user brings', (one) => {
    const own = Object.keys(one.manifest.dependencies ?? {});
    expect(own.filter((name) => name.startsWith('@openfeature/') || name === 'unleash-client')).toEqual([]);
  });
});

describe('a CommonJS service', () => {
  it.each(entries)('can require and import %s, and gets the same module', async (entry) => {
    const name = JSON.stringify(entry);
    const { stdout, stderr } = await writeAndRun(
      'service.js',
      `const required = require(${name});
       import(${name}).then((imported) => {
         const same = Object.keys(required).every((key) => required[key] === imported[key]);
         console.log(JSON.stringify({ same, names: Object.keys(imported).length }));
       });`,
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ same: true, names: expect.toSatisfy((count: number) => count > 0) });
  });

  it.each(['service.cts', 'service.mts'])('finds the types from %s', async (file) => {
    const imports = entries.map((entry, index) => `import * as m${index} from '${entry}';`);
    const uses = entries.map((_, index) => `const k${index}: keyof typeof m${index} = 'no such export';`);
    writeFileSync(join(project, file), [...imports, ...uses].join('\n'));
    const errors = await typeErrors(file);
    expect(errors.filter((line) => !line.startsWith(file))).toEqual([]);
    expect(errors.map((line) => /error (TS\d+)/.exec(line)?.[1])).toEqual(entries.map(() => 'TS2322'));
  });
});

/** Errors in the file itself and in our declarations; those of other people's declarations are theirs. */
async function typeErrors(file: string): Promise<readonly string[]> {
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'nodenext',
    '--target',
    'es2023',
  ];
  const { stdout } = await execute(tsc, [...options, '--types', 'node', '--pretty', 'false', file], {
    cwd: project,
  }).catch((error: { readonly stdout: string }) => error);
  return stdout.split('\n').filter((line) => line.startsWith(file) || line.startsWith('node_modules/@rampart/'));
}

describe('commands', () => {
  const commands = published.flatMap(({ manifest }) =>
    Object.entries(manifest.bin ?? {}).map(([command, file]) => ({ command, file: join(manifest.name, file) })),
  );

  it.each(commands)('$command says how it is used', async ({ file }) => {
    const { stdout } = await execute(process.execPath, [join(project, 'node_modules', file), '--help']);
    expect(stdout).toMatch(/usage/i);
  });
});
