import { isBuiltin } from 'node:module';
import { posix } from 'node:path';

interface DependencyRule {
  /** Packages of ours, by folder, that this one may import. */
  readonly mayImport: readonly string[];
  /** No I/O, clock or randomness: no builtin module and no global that reaches outside. */
  readonly pure?: true;
  /** May read environment variables. */
  readonly readsEnvironment?: true;
}

/** What each package may import. All import core; siblings meet only through its ports, and sdk assembles them. */
export const DEPENDENCY_RULES: Readonly<Record<string, DependencyRule>> = {
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

/** Violations of the rules by a source at `packages/FOLDER/src/...`. */
export function violationsOf(path: string, source: string): readonly string[] {
  const folder = path.split('/')[1] ?? '';
  const rule = Object.hasOwn(DEPENDENCY_RULES, folder) ? DEPENDENCY_RULES[folder] : undefined;
  if (rule === undefined) return [`${path}: packages/${folder} has no entry in DEPENDENCY_RULES`];
  const code = withoutStrings(source);
  return [
    ...importsOf(source).flatMap((specifier) => importViolations(path, folder, rule, specifier)),
    ...IMPURE.filter((pattern) => rule.pure && pattern.test(code)).map(
      (pattern) => `impure: ${pattern.exec(code)?.[0]}`,
    ),
    ...(!rule.readsEnvironment && ENVIRONMENT.test(code) ? ['reads the environment'] : []),
  ].map((violation) => `${path}: ${violation}`);
}

function importViolations(path: string, folder: string, rule: DependencyRule, specifier: string): readonly string[] {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    return target.startsWith(`packages/${folder}/src/`) ? [] : [`reaches out of its package: ${specifier}`];
  }
  if (specifier.startsWith('@rampart/')) {
    const name = specifier.split('/').slice(0, 2).join('/');
    return rule.mayImport.some((other) => publishedName(other) === name) ? [] : [`may not import ${specifier}`];
  }
  if (!isBuiltin(specifier)) return [];
  if (rule.pure) return [`a pure package may not import ${specifier}`];
  return /^(?:node:)?process$/.test(specifier) && !rule.readsEnvironment ? [`may not import ${specifier}`] : [];
}

/** `export *` hides what an index offers; every name is written by hand. */
export const exportsEverything = (source: string): boolean =>
  /(?<![.\w])export\s*(?:type\s*)?\*/.test(withoutStrings(source));

/** Groups of files that import each other, directly or through others, in types too. @param imports file → files that it imports */
export function cyclesOf(imports: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  // Tarjan's algorithm for strongly connected components.
  const cycles: (readonly string[])[] = [];
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    const index = order.size;
    order.set(file, index);
    low.set(file, index);
    stack.push(file);
    for (const target of imports.get(file) ?? []) {
      const reached = order.has(target) ? (stack.includes(target) ? (order.get(target) ?? 0) : index) : visit(target);
      low.set(file, Math.min(low.get(file) ?? index, reached));
    }
    const lowest = low.get(file) ?? index;
    if (lowest === index) {
      const component = stack.splice(stack.indexOf(file));
      if (component.length > 1 || imports.get(file)?.includes(file)) cycles.push(component.toSorted());
    }
    return lowest;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return cycles;
}
