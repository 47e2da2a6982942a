import {
  type ChangeFlag,
  type CompileSettings,
  compileFlag,
  DEFAULT_PREFIX,
  type Flag,
  type FlagDefinition,
  type Problem,
  problem,
  type RuleDefinition,
  readTiers,
} from '@rampart/core';
import { UnleashEvaluator } from '../evaluator.js';
import { type CompiledFlag, idsOfTwoCases } from './lint-ids.js';
import { replacementProblems } from './lint-replacements.js';

/** Settings of lint. */
export interface LintOptions {
  /** @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /** @default 'ai.' */
  readonly prefix?: string | undefined;
  /** The provider's `gates` map. @default none */
  readonly gates?: Readonly<Record<string, string>> | undefined;
}

/**
 * An `error` closes the flag at gate `config`. A `warning` breaks a convention, or would be an error of a flag that is not in
 * use yet: off, and without rules in this environment.
 */
export interface LintFinding extends Problem {
  readonly severity: 'error' | 'warning';
}

/**
 * Finds every configuration error among all flags of an environment, errors first. Looks at flags as clients get them: rules
 * that are marked `disabled` don't count, but a flag with disabled rules only is reported.
 */
export function lint(read: readonly FlagDefinition[], options: LintOptions = {}): readonly LintFinding[] {
  const definitions = read.map(withoutDisabled);
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const settings: CompileSettings = {
    tiers: readTiers(options.tiers),
    evaluator: new UnleashEvaluator(),
    prefix: options.prefix,
    gates: new Map(Object.entries(options.gates ?? {})),
  };
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  const compiled: CompiledFlag[] = [];
  for (const [index, definition] of definitions.entries()) {
    const flag = compileFlag(definition, (name) => byName.get(name), settings);
    compiled.push({ definition, flag });
    (isUnused(read[index] ?? definition) ? warnings : errors).push(...problemsOf(flag));
    warnings.push(...conventions(definition, flag, options.prefix ?? DEFAULT_PREFIX));
    const asleep = allDisabled(read[index] ?? definition);
    // Where compiling finds nothing, clients see an ordinary flag without rules, which is open to everyone.
    if (asleep !== undefined) (flag.kind === 'plain' ? errors : warnings).push(asleep);
  }
  warnings.push(...replacementProblems(compiled));
  for (const name of settings.gates?.keys() ?? []) {
    if (!byName.has(name))
      errors.push(problem(name, 'gates', name, 'there is no such flag: take it out of the gates map'));
  }
  warnings.push(...idsOfTwoCases(compiled));
  return [...errors.map(as('error')), ...warnings.map(as('warning'))];
}

const as =
  (severity: LintFinding['severity']) =>
  (finding: Problem): LintFinding => ({ ...finding, severity });

// A flag counts in every environment of its project. Where it is off and has no rules, it is not set up yet.
const isUnused = ({ enabled, strategies = [] }: FlagDefinition): boolean => !enabled && strategies.length === 0;

const isDisabled = (rule: RuleDefinition): boolean => 'disabled' in rule && rule.disabled === true;

function withoutDisabled(definition: FlagDefinition): FlagDefinition {
  const { strategies } = definition;
  return strategies?.some(isDisabled)
    ? { ...definition, strategies: strategies.filter((rule) => !isDisabled(rule)) }
    : definition;
}

function allDisabled({ name, strategies = [] }: FlagDefinition): Problem | undefined {
  if (strategies.length === 0 || !strategies.every(isDisabled)) return undefined;
  const ours = strategies.filter((rule) => rule.name === 'aiAccess' || rule.name === 'aiStage');
  if (ours.length === 0) return undefined;
  const fix =
    'enable one: clients get none of them, and the UI adds a default rule, open to everyone, when such an environment is switched on';
  return problem(name, 'strategies', `${strategies.map((rule) => rule.name).join(', ')}, all disabled`, fix);
}

function problemsOf(flag: Flag): readonly Problem[] {
  if (flag.kind === 'plain') return [];
  const bindings = flag.kind === 'change' ? flag.rules.flatMap((rule) => rule.variants) : [];
  const unique = new Map<string, Problem>();
  for (const current of [...flag.problems, ...bindings.flatMap((variant) => variant.problem ?? [])]) {
    unique.set(`${current.field} ${current.value}`, current);
  }
  return [...unique.values()];
}

function conventions(definition: FlagDefinition, flag: Flag, prefix: string): Problem[] {
  if (flag.kind === 'feature') return featureConventions(definition, prefix);
  return flag.kind === 'change' ? changeConventions(definition, flag, prefix) : [];
}

function featureConventions({ name, type }: FlagDefinition, prefix: string): Problem[] {
  const problems: Problem[] = [];
  if (prefix !== '' && !(name.startsWith(prefix) && /^[^.]+$/.test(name.slice(prefix.length)))) {
    problems.push(problem(name, 'name', name, `name a feature ${prefix}<feature>`));
  }
  if (type !== undefined && type !== 'kill-switch') {
    problems.push(problem(name, 'type', type, 'make a feature flag a kill-switch'));
  }
  return problems;
}

function changeConventions({ name, type }: FlagDefinition, { feature, rules }: ChangeFlag, prefix: string): Problem[] {
  const problems: Problem[] = [];
  const under = feature !== undefined && name.startsWith(`${feature}.`) && name.length > feature.length + 1;
  if (prefix !== '' && feature !== undefined && !(under && name.startsWith(prefix))) {
    problems.push(problem(name, 'name', name, `name a change ${feature}.<change-id>`));
  }
  if (type !== undefined && type !== 'release' && type !== 'experiment') {
    problems.push(problem(name, 'type', type, 'make a change a release or an experiment'));
  }
  const groups = [...new Set(rules.map((rule) => rule.policy.groupId))];
  if (groups.length > 1) {
    const fix = 'use one groupId in all rules, or subjects change sides between them';
    problems.push(problem(name, 'aiStage.groupId', groups.join(', '), fix));
  }
  return problems;
}
