import { isDeepStrictEqual } from 'node:util';
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

/** All flags of one moment; a flag is compiled when it is first asked. */
export class DefinitionSnapshot implements FlagSnapshot {
  readonly #definitions: ReadonlyMap<string, FlagDefinition>;
  readonly #names: readonly string[];
  readonly #settings: CompileSettings;
  readonly #onProblem: (problem: Problem) => void;
  readonly #launchedBefore: ReadonlySet<string>;
  readonly #compiled = new Map<string, Flag>();
  #launch: Launch | undefined;
  #children: Map<string, ChangeFlag[]> | undefined;

  /** @param launchedBefore features that customers could use in an earlier snapshot of the same environment */
  constructor(
    definitions: readonly FlagDefinition[],
    settings: CompileSettings,
    onProblem: (problem: Problem) => void = () => {},
    launchedBefore: ReadonlySet<string> = new Set(),
  ) {
    // A map, so that a flag named after something every object has is a flag like any other.
    this.#definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.#names = [...this.#definitions.keys()];
    this.#settings = settings;
    this.#onProblem = onProblem;
    this.#launchedBefore = launchedBefore;
  }

  definition(name: string): FlagDefinition | undefined {
    return this.#definitions.get(name);
  }

  flag(name: string): Flag | undefined {
    const known = this.#compiled.get(name);
    if (known !== undefined) return known;
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
    const names = new Set([...before.#definitions.keys(), ...this.#definitions.keys()]);
    return [...names].filter((name) => !isDeepStrictEqual(this.#definitions.get(name), before.#definitions.get(name)));
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
    for (const found of flag.problems) this.#onProblem(found);
    if (flag.kind !== 'change') return;
    for (const { problem } of flag.rules.flatMap((rule) => rule.variants))
      if (problem !== undefined) this.#onProblem(problem);
  }
}
