import {
  type CompileSettings,
  compileFlag,
  DEFAULT_TIERS,
  type Flag,
  type FlagDefinition,
  type Problem,
  problem,
} from '@rampart/core';
import { UnleashEvaluator } from '../evaluator.js';

/** What lint is told besides the definitions. */
export interface LintOptions {
  /** @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /** @default 'ai.' */
  readonly prefix?: string | undefined;
  /** The provider's `gates` map. @default none */
  readonly gates?: Readonly<Record<string, string>> | undefined;
}

/** An `error` closes the flag at gate `config`; a `warning` breaks a convention and closes nothing. */
export interface LintFinding extends Problem {
  readonly severity: 'error' | 'warning';
}

/** Finds every configuration error among all flags of an environment, errors first. */
export function lint(definitions: readonly FlagDefinition[], options: LintOptions = {}): readonly LintFinding[] {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const settings: CompileSettings = {
    tiers: options.tiers ?? DEFAULT_TIERS,
    evaluator: new UnleashEvaluator(),
    prefix: options.prefix,
    gates: new Map(Object.entries(options.gates ?? {})),
  };
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  for (const definition of definitions) {
    const flag = compileFlag(definition, (name) => byName.get(name), settings);
    errors.push(...problemsOf(flag));
    warnings.push(...conventions(definition, flag));
  }
  for (const name of settings.gates?.keys() ?? []) {
    if (!byName.has(name))
      errors.push(problem(name, 'gates', name, 'there is no such flag: take it out of the gates map'));
  }
  return [...errors.map(as('error')), ...warnings.map(as('warning'))];
}

const as =
  (severity: LintFinding['severity']) =>
  (found: Problem): LintFinding => ({ ...found, severity });

function problemsOf(flag: Flag): readonly Problem[] {
  if (flag.kind === 'plain') return [];
  const bindings = flag.kind === 'change' ? flag.rules.flatMap((rule) => rule.variants) : [];
  const unique = new Map<string, Problem>();
  for (const found of [...flag.problems, ...bindings.flatMap((variant) => variant.problem ?? [])]) {
    unique.set(`${found.field} ${found.value}`, found);
  }
  return [...unique.values()];
}

const FEATURE_NAME = /^ai\.[^.]+$/;

function conventions(definition: FlagDefinition, flag: Flag): Problem[] {
  const { name } = definition;
  const type = definition['type'];
  if (flag.kind === 'feature') {
    const named = FEATURE_NAME.test(name) ? [] : [problem(name, 'name', name, 'name a feature ai.<feature>')];
    const typed =
      type === undefined || type === 'kill-switch'
        ? []
        : [problem(name, 'type', type, 'make a feature flag a kill-switch')];
    return [...named, ...typed];
  }
  if (flag.kind !== 'change') return [];
  const found: Problem[] = [];
  if (flag.feature !== undefined && !(name.startsWith(`${flag.feature}.`) && /^ai\.[^.]+\..+$/.test(name))) {
    found.push(problem(name, 'name', name, `name a change ${flag.feature}.<change-id>`));
  }
  if (type !== undefined && type !== 'release' && type !== 'experiment') {
    found.push(problem(name, 'type', type, 'make a change a release or an experiment'));
  }
  if (new Set(flag.rules.map((rule) => rule.policy.groupId)).size > 1) {
    found.push(
      problem(name, 'aiStage.groupId', '', 'use one groupId in all rules, or subjects change sides between them'),
    );
  }
  return found;
}
