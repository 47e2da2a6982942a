import { isBuiltin } from 'node:module';
import { posix } from 'node:path';

interface Wall {
  /** Packages of ours, by folder, that this one may import. */
  readonly mayImport: readonly string[];
  /** No I/O, clock or randomness: no builtin module and no global that reaches outside. */
  readonly pure?: true;
  /** May read environment variables. */
  readonly readsEnvironment?: true;
}

/** Who may know whom. Everyone knows core; siblings meet only through its ports and are joined in sdk. */
export const WALLS: Readonly<Record<string, Wall>> = {
  core: { mayImport: [], pure: true },
  stats: { mayImport: [], pure: true },
  unleash: { mayImport: ['core'] },
  provider: { mayImport: ['core'] },
  store: { mayImport: ['core'] },
  consent: { mayImport: ['core'] },
  evidence: { mayImport: ['core'] },
  controller: { mayImport: ['core'] },
  web: { mayImport: ['core'] },
  testing: { mayImport: ['core', 'provider'] },
  sdk: { mayImport: ['core', 'stats', 'unleash', 'provider', 'store', 'consent', 'evidence', 'controller'] },
  gateway: { mayImport: ['core', 'sdk'] },
  cli: { mayImport: ['core', 'unleash', 'sdk', 'gateway'], readsEnvironment: true },
};

/** Folders whose published name is not their own. */
const NAMES: Readonly<Record<string, string>> = { provider: 'openfeature-provider', web: 'web-provider' };

export const publishedName = (folder: string): string => `@rampart/${NAMES[folder] ?? folder}`;

const IMPURE: readonly RegExp[] = [
  /(?<![.\w])Date\s*\.\s*now\b/,
  /(?<![.\w])(?:new\s+)?Date\s*\(\s*\)/,
  /(?<![.\w])Math\s*\.\s*random\b/,
  /(?<![.\w])(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch|require)\s*\(/,
  /(?<![.\w])(?:process|performance|console|crypto|globalThis)\s*(?:\??\.|\[)/,
];

const ENVIRONMENT =
  /(?<![.\w])process\s*(?:\??\.\s*env\b|\[)|=\s*process\s*[;,)\n]|(?<![.\w])import\s*\.\s*meta\s*\.\s*env\b/;

const COMMENTS_AND_STRINGS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

const withoutComments = (source: string): string =>
  source.replace(COMMENTS_AND_STRINGS, (match) => (match.startsWith('/') ? ' ' : match));

/** Templates stay: an expression inside one is code. */
const withoutStrings = (source: string): string =>
  source.replace(COMMENTS_AND_STRINGS, (match) => (match.startsWith('`') ? match : ' '));

const SPECIFIERS =
  /(?<![.\w])(?:import|export)\b[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]|(?<![.\w])import\s*(?:\(\s*)?['"`]([^'"`]+)['"`]/g;

/** Every module a source names, in types too. */
export const importsOf = (source: string): readonly string[] =>
  [...withoutComments(source).matchAll(SPECIFIERS)].map(([, from, bare]) => from ?? bare ?? '');

/** What is wrong with a source at `packages/FOLDER/src/...`; empty when nothing is. */
export function breachesOf(path: string, source: string): readonly string[] {
  const folder = path.split('/')[1] ?? '';
  const wall = Object.hasOwn(WALLS, folder) ? WALLS[folder] : undefined;
  if (wall === undefined) return [`${path}: packages/${folder} has no entry in the table of walls`];
  const code = withoutStrings(source);
  return [
    ...importsOf(source).flatMap((specifier) => importBreach(path, folder, wall, specifier)),
    ...IMPURE.filter((pattern) => wall.pure && pattern.test(code)).map(
      (pattern) => `impure: ${pattern.exec(code)?.[0]}`,
    ),
    ...(!wall.readsEnvironment && ENVIRONMENT.test(code) ? ['reads the environment'] : []),
  ].map((breach) => `${path}: ${breach}`);
}

function importBreach(path: string, folder: string, wall: Wall, specifier: string): readonly string[] {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    return target.startsWith(`packages/${folder}/src/`) ? [] : [`reaches out of its package: ${specifier}`];
  }
  if (specifier.startsWith('@rampart/')) {
    const name = specifier.split('/').slice(0, 2).join('/');
    return wall.mayImport.some((other) => publishedName(other) === name) ? [] : [`may not import ${specifier}`];
  }
  if (!isBuiltin(specifier)) return [];
  if (wall.pure) return [`a pure package may not import ${specifier}`];
  return /^(?:node:)?process$/.test(specifier) && !wall.readsEnvironment ? [`may not import ${specifier}`] : [];
}

/** `export *` hides what an index offers; every name is written by hand. */
export const exportsEverything = (source: string): boolean =>
  /(?<![.\w])export\s*(?:type\s*)?\*/.test(withoutStrings(source));
