import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  cyclesOf,
  DEPENDENCY_RULES,
  exportsEverything,
  importsOf,
  publishedName,
  violationsOf,
} from './dependency-rules.js';
import { isTest, packages, read, sourcesBelow } from './files.js';

const MAX_LINES = 400;

const sources = ['packages', 'examples', 'test', 'scripts'].flatMap(sourcesBelow).filter((path) => !isTest(path));
const packaged = sources.filter((path) => /^packages\/[^/]+\/src\//.test(path));

describe('the dependency rules', () => {
  it('are checked on all sources', () => expect(packaged.length).toBeGreaterThan(20));

  it('are kept by every import', () => expect(packaged.flatMap((path) => violationsOf(path, read(path)))).toEqual([]));

  it.each(packages)('are kept by the manifest of $folder', ({ folder, manifest }) => {
    const allowed = DEPENDENCY_RULES[folder]?.mayImport.map(publishedName);
    expect(manifest.name).toBe(publishedName(folder));
    expect(allowed).toEqual(expect.arrayContaining(ours(manifest.dependencies)));
    expect(ours(manifest.peerDependencies)).toEqual([]);
  });

  it.each(packages)('are kept by the project references of $folder', ({ folder, manifest }) => {
    const references = referencesOf(`packages/${folder}/tsconfig.json`).map((path) =>
      publishedName(path.slice('../'.length)),
    );
    expect(references.toSorted()).toEqual(ours(manifest.dependencies).toSorted());
  });

  it.each(['tsconfig.json', 'tsconfig.tests.json'])('%s refers to every package', (file) => {
    expect(referencesOf(file)).toEqual(expect.arrayContaining(packages.map(({ folder }) => `packages/${folder}`)));
  });
});

describe('every source', () => {
  it('is in no import cycle within its package', () => {
    const imports = new Map(
      packaged.map((path) => [
        path,
        importsOf(read(path))
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')),
      ]),
    );
    expect(cyclesOf(imports)).toEqual([]);
  });

  it('names what it exports', () => expect(sources.filter((path) => exportsEverything(read(path)))).toEqual([]));

  it(`has at most ${MAX_LINES} lines`, () => {
    expect(sources.filter((path) => read(path).split('\n').length > MAX_LINES + 1)).toEqual([]);
  });
});

describe('the check itself', () => {
  it('finds cycles of imports, and nothing else', () => {
    const imports = { a: ['b', 'c'], b: ['c'], c: ['d'], d: ['b'], e: ['e'], f: ['a', 'elsewhere'], g: ['f'] };
    expect(cyclesOf(new Map(Object.entries(imports)))).toEqual([['b', 'c', 'd'], ['e']]);
  });

  it.each([
    ['core', `import { readFile } from 'node:fs/promises';`],
    ['core', `export type { Flag } from '@rampart/unleash';`],
    ['core', `const at = Date.now();`],
    ['core', `const at = new Date();`],
    ['core', `const at = \`at \${Date.now()}\`;`],
    ['core', `const roll = Math.random();`],
    ['core', `if (process.argv.length > 2) return;`],
    ['core', `console.log('x');`],
    ['core', `setTimeout(() => {}, 1);`],
    ['core', `const started = performance.now();`],
    ['core', `globalThis['fetch']('x');`],
    ['unleash', `import { RampartProvider } from '@rampart/openfeature-provider';`],
    ['unleash', `const { decide } = await import('@rampart/sdk');`],
    ['provider', `import '@rampart/unleash/admin';`],
    ['provider', `import { decide } from '../../core/src/decide.js';`],
    ['provider', `import { door } from '../../../test/specification/src/door.js';`],
    ['provider', `import { door } from '@rampart/specification';`],
    ['sdk', `const url = process.env['UNLEASH_URL'];`],
    ['sdk', `const url = process['env'].UNLEASH_URL;`],
    ['sdk', `const { env } = process;`],
    ['sdk', `import { env } from 'node:process';`],
    ['core', `import { readFileSync } from 'fs';`],
    ['cli', `import { x } from '@rampart/openfeature-provider';`],
    ['gadgets', `export const nothing = 1;`],
    ['constructor', `export const nothing = 1;`],
  ])('in %s refuses %s', (folder, source) => {
    expect(violationsOf(`packages/${folder}/src/sample.ts`, source)).not.toEqual([]);
  });

  it.each([
    [
      'core',
      `import { z } from 'zod';\nimport { stage } from './stages.js';\nimport { deep } from '../src/deep/x.js';`,
    ],
    ['core', `// Date.now() is what callers pass\n/** Never Math.random(). */\nconst text = 'process.env';`],
    ['core', `const at = new Date(now); const control = { process: 1 }; subject.process.x; `],
    ['unleash', `import { decide } from '@rampart/core';\nimport { readFile } from 'node:fs/promises';\nDate.now();`],
    ['cli', `import { createRampart } from '@rampart/sdk';\nconst url = process.env['UNLEASH_URL'];`],
  ])('in %s accepts %s', (folder, source) => {
    expect(violationsOf(`packages/${folder}/src/sample.ts`, source)).toEqual([]);
  });

  it('finds every way to name a module', () => {
    const source = `
      import a, { type B } from 'one';
      import * as c from "two";
      import 'three';
      import type {
        D,
      } from 'four';
      export { e } from 'five';
      export * from 'six';
      const f = import('seven');
      let g: import('eight').G;
      // import 'nine';
      const url = 'http://host'; import h from 'ten';`;
    expect(importsOf(source)).toEqual(['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'ten']);
  });

  it.each([
    [`export * from './a.js';`, true],
    [`export type * from './a.js';`, true],
    [`export * as a from './a.js';`, true],
    [`export { a } from './a.js'; // not export *`, false],
  ])('of %s says %s', (source, everything) => expect(exportsEverything(source)).toBe(everything));
});

const ours = (dependencies: Readonly<Record<string, string>> = {}): string[] =>
  Object.keys(dependencies).filter((name) => name.startsWith('@rampart/'));

const referencesOf = (file: string): readonly string[] =>
  (JSON.parse(read(file)) as { readonly references: readonly { readonly path: string }[] }).references.map(
    ({ path }) => path,
  );
