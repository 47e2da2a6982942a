import {
  type ChangeFlag,
  type CompileSettings,
  compileFlag,
  type Flag,
  type FlagDefinition,
  type FlagSnapshot,
  findLaunched,
  type Launch,
  type Problem,
} from '@rampart/core';

/** Options of {@link DefinitionSnapshot}. */
export interface SnapshotOptions {
  /** Receives the problems of each flag when it is compiled. @default none */
  readonly onProblem?: ((problem: Problem) => void) | undefined;
  /** Features that were launched in an earlier snapshot of the same environment. @default none */
  readonly launchedBefore?: ReadonlySet<string> | undefined;
  /** A snapshot with the same settings, whose compiled flags are reused if their definitions are equal. @default none */
  readonly previous?: DefinitionSnapshot | undefined;
}

/** All flags at one moment. Compiles a flag on its first use. */
export class DefinitionSnapshot implements FlagSnapshot {
  readonly #definitions: ReadonlyMap<string, FlagDefinition>;
  /** Each definition as JSON: the content that its revision is a hash of. */
  readonly #texts: ReadonlyMap<string, string>;
  readonly #names: readonly string[];
  readonly #settings: CompileSettings;
  readonly #onProblem: (problem: Problem) => void;
  readonly #launchedBefore: ReadonlySet<string>;
  readonly #compiled = new Map<string, Flag>();
  #launch: Launch | undefined;
  #children: Map<string, ChangeFlag[]> | undefined;

  constructor(definitions: readonly FlagDefinition[], settings: CompileSettings, options: SnapshotOptions = {}) {
    // A map, so that a flag may have the name of a property of every object.
    this.#definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#texts = new Map(definitions.map((definition) => [definition.name, JSON.stringify(definition)]));
    this.#names = [...this.#definitions.keys()];
    this.#settings = settings;
    this.#onProblem = options.onProblem ?? (() => {});
    this.#launchedBefore = options.launchedBefore ?? new Set();
    if (options.previous !== undefined) this.#reuse(options.previous);
  }

  definition(name: string): FlagDefinition | undefined {
    return this.#definitions.get(name);
  }

  flag(name: string): Flag | undefined {
    const compiled = this.#compiled.get(name);
    if (compiled !== undefined) return compiled;
    const definition = this.#definitions.get(name);
    if (definition === undefined) return undefined;
    const find = (other: string) => this.#definitions.get(other);
    const flag = compileFlag(definition, find, this.#settings, (feature) => this.#isLaunched(feature));
    this.#compiled.set(name, flag);
    this.#report(flag);
    return flag;
  }

  names(): readonly string[] {
    return this.#names;
  }

  changesOf(feature: string): readonly ChangeFlag[] {
    this.#children ??= this.#indexChildren();
    return this.#children.get(feature) ?? [];
  }

  /** The features that customers can use now or could use in an earlier snapshot. */
  launchedFeatures(): ReadonlySet<string> {
    return new Set([...this.#launchedBefore, ...this.#launchNow().live]);
  }

  /** The flags that were edited, added or removed. */
  changedFrom(before: DefinitionSnapshot): readonly string[] {
    const names = new Set([...before.#texts.keys(), ...this.#texts.keys()]);
    return [...names].filter((name) => !this.#isUnchanged(name, before));
  }

  // A feature whose flag is off is compiled again: `launched` depends on its changes.
  #reuse(previous: DefinitionSnapshot): void {
    for (const [name, flag] of previous.#compiled) {
      const definition = this.#definitions.get(name);
      if (definition === undefined || !this.#isUnchanged(name, previous)) continue;
      if (flag.kind === 'feature' && !flag.enabled) continue;
      if (!this.#parentsOf(definition).every((parent) => this.#isUnchanged(parent, previous))) continue;
      const reused = flag.kind === 'change' ? rebind(flag, definition) : flag;
      if (reused !== undefined) this.#compiled.set(name, reused);
    }
  }

  #isUnchanged(name: string, before: DefinitionSnapshot): boolean {
    return this.#texts.get(name) === before.#texts.get(name);
  }

  #parentsOf({ name, dependencies }: FlagDefinition): readonly string[] {
    const parents = dependencies?.map(({ feature }) => feature) ?? [];
    const gate = this.#settings.gates?.get(name);
    return gate === undefined ? parents : [...parents, gate];
  }

  #isLaunched(feature: string): boolean {
    return this.#launchedBefore.has(feature) || this.#launchNow().prepared.has(feature);
  }

  #launchNow(): Launch {
    this.#launch ??= findLaunched(this.#definitions, this.#settings);
    return this.#launch;
  }

  #indexChildren(): Map<string, ChangeFlag[]> {
    const children = new Map<string, ChangeFlag[]>();
    for (const { name, dependencies } of this.#definitions.values()) {
      const parent = dependencies?.[0]?.feature;
      const flag = parent === undefined ? undefined : this.flag(name);
      if (parent === undefined || flag?.kind !== 'change') continue;
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [flag]);
      else siblings.push(flag);
    }
    for (const siblings of children.values()) siblings.sort((a, b) => (a.name < b.name ? -1 : 1));
    return children;
  }

  #report(flag: Flag): void {
    if (flag.kind === 'plain') return;
    for (const problem of flag.problems) this.#onProblem(problem);
    if (flag.kind !== 'change') return;
    for (const { problem } of flag.rules.flatMap((rule) => rule.variants))
      if (problem !== undefined) this.#onProblem(problem);
  }
}

// Strategies find a rule by the identity of its parameters, which are new objects in every response. Undefined for a change with
// rules that could not be parsed: those have no compiled rule to bind.
function rebind(flag: ChangeFlag, { strategies }: FlagDefinition): ChangeFlag | undefined {
  const stageRules = strategies?.filter(({ name }) => name === 'aiStage') ?? [];
  if (stageRules.length !== flag.rules.length) return undefined;
  return { ...flag, rules: flag.rules.map((rule, index) => ({ ...rule, source: stageRules[index]?.parameters })) };
}
