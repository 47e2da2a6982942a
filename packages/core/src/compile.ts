import murmurhash3 from 'murmurhash3js';
import { DEFAULT_PREFIX } from './ai-name.js';
import type { ChangeFlag, FeatureFlag, Flag, GatedFlag, StageRule, Targeting, Variant } from './flag.js';
import type { FlagDefinition, RuleDefinition, VariantDefinition } from './flag-definition.js';
import { deepFreeze, type JsonValue } from './json.js';
import { type Parsed, parseAccess, parseStage, type StagePolicy } from './parameters.js';
import { type Problem, problem } from './problem.js';
import type { Subject } from './subject.js';

/** What Unleash's own code does for a rule: constraints with segments, and the split into variants. */
export interface RuleEvaluator {
  /** Undefined entries stand for segments that are missing: they never match. */
  targeting(constraints: readonly unknown[]): Targeting;
  /** Index of the subject's variant in `variants`, or -1. `sticky` is the value to hash. */
  variant(variants: readonly VariantDefinition[], groupId: string, stickiness: string): (subject: Subject) => number;
}

/** What compiling needs besides the definition. */
export interface CompileSettings {
  readonly tiers: readonly string[];
  readonly evaluator: RuleEvaluator;
  /** Flags whose name starts so must carry a Rampart strategy. Default `ai.`; empty: none must. */
  readonly prefix?: string | undefined;
  /** Flag → feature, for flags that can't take a parent in Unleash. */
  readonly gates?: ReadonlyMap<string, string> | undefined;
  /** Checks a parsed binding; returns what is wrong with it. */
  readonly checkBinding?: ((feature: string, binding: JsonValue | undefined) => string | undefined) | undefined;
}

/**
 * Reads a definition once, so that no evaluation parses anything. Never throws: what can't be read becomes a problem.
 *
 * @param isLaunched whether customers could use a feature whose flag is off; asked of such features alone. Default: they never could.
 */
export function compileFlag(
  definition: FlagDefinition,
  find: (name: string) => FlagDefinition | undefined,
  settings: CompileSettings,
  isLaunched: (feature: string) => boolean = () => false,
): Flag {
  const names = new Set(rulesOf(definition).map((rule) => rule.name));
  if (names.has('aiAccess'))
    return compileFeature(definition, settings, definition.enabled || isLaunched(definition.name));
  const { name, enabled } = definition;
  const parent = definition.dependencies?.find((d) => isFeature(find(d.feature)))?.feature;
  const mustBeOurs = isOurs(name, settings);
  // Under a feature a flag of ours is a change even without its strategy, so that the feature doesn't open as one without changes.
  if (names.has('aiStage') || (mustBeOurs && parent !== undefined)) return compileChange(definition, find, settings);
  const gatedBy = settings.gates?.get(name) ?? parent;
  if (gatedBy === undefined && !mustBeOurs) return { kind: 'plain', name, enabled };
  return compileGated(definition, gatedBy ?? name, find, settings, mustBeOurs);
}

/** A short name of a definition's content: equal definitions have equal revisions. */
export function revisionOf(definition: FlagDefinition): string {
  return murmurhash3.x86.hash128(JSON.stringify(definition) ?? '').slice(0, 12);
}

/** Whether a definition carries `aiAccess`. */
export function isFeature(definition: FlagDefinition | undefined): boolean {
  return definition !== undefined && rulesOf(definition).some((rule) => rule.name === 'aiAccess');
}

/** Whether a flag of this name must carry a Rampart strategy. */
export function isOurs(name: string, { prefix = DEFAULT_PREFIX }: Pick<CompileSettings, 'prefix'>): boolean {
  return prefix !== '' && name.startsWith(prefix);
}

/** The rules of a definition; none where the platform sends no list. */
export function rulesOf({ strategies }: FlagDefinition): readonly RuleDefinition[] {
  return Array.isArray(strategies) ? strategies : [];
}

function compileFeature(
  definition: FlagDefinition,
  { tiers, evaluator }: CompileSettings,
  launched: boolean,
): FeatureFlag {
  const { name, enabled } = definition;
  const rules = rulesOf(definition);
  const problems: Problem[] = [...foreignRules(definition, 'aiAccess')];
  const access = rules.filter((rule) => rule.name === 'aiAccess');
  if (access.length > 1)
    problems.push(problem(name, 'strategies', `aiAccess × ${access.length}`, 'keep exactly one aiAccess rule'));
  if (definition.dependencies?.length) {
    problems.push(
      problem(name, 'dependencies', definition.dependencies[0]?.feature, 'a feature flag must not have a parent'),
    );
  }
  const parsed: Parsed<FeatureFlag['access'] & object> = parseAccess(name, access[0]?.parameters, tiers);
  if (!parsed.ok) problems.push(...parsed.problems);
  return {
    kind: 'feature',
    name,
    enabled,
    launched,
    access: parsed.ok ? parsed.value : undefined,
    targeting: access[0] && targetingOf(access[0], evaluator),
    problems,
    revision: revisionOf(definition),
  };
}

function compileChange(
  definition: FlagDefinition,
  find: (name: string) => FlagDefinition | undefined,
  settings: CompileSettings,
): ChangeFlag {
  const { name, enabled } = definition;
  const problems: Problem[] = [...parentProblems(definition, find), ...foreignRules(definition, 'aiStage')];
  if (enabled && rulesOf(definition).length === 0)
    problems.push(problem(name, 'strategies', '', 'give it an aiStage rule, or switch it off'));
  const feature = definition.dependencies?.[0]?.feature;
  const rules: StageRule[] = [];
  const forceOff = new Set<string>();
  const replaces = new Set<string>();
  for (const rule of rulesOf(definition)) {
    if (rule.name !== 'aiStage') continue;
    const parsed = parseStage(name, rule.parameters, settings.tiers);
    if (!parsed.ok) {
      problems.push(...parsed.problems);
      continue;
    }
    for (const tenant of parsed.value.forceOff) forceOff.add(tenant);
    if (parsed.value.replaces !== undefined) replaces.add(parsed.value.replaces);
    rules.push(compileRule(definition, rule, parsed.value, feature ?? '', settings));
  }
  return {
    kind: 'change',
    name,
    enabled,
    feature,
    rules,
    forceOff,
    replaces,
    problems,
    revision: revisionOf(definition),
  };
}

function compileRule(
  definition: FlagDefinition,
  rule: RuleDefinition,
  policy: StagePolicy,
  feature: string,
  { evaluator, checkBinding }: CompileSettings,
): StageRule {
  const defined = rule.variants?.length ? rule.variants : (definition.variants ?? []);
  const variants = defined.map((variant) => compileVariant(definition.name, variant, feature, checkBinding));
  const index = defined.length === 0 ? undefined : evaluator.variant(defined, policy.groupId, policy.stickiness);
  return {
    policy,
    source: rule.parameters,
    targeting: targetingOf(rule, evaluator),
    variants,
    select: index && ((subject) => variants[index(subject)]),
  };
}

function compileVariant(
  flag: string,
  { name, payload }: VariantDefinition,
  feature: string,
  check: CompileSettings['checkBinding'],
): Variant {
  const read = readPayload(payload);
  if (!read.ok)
    return { name, binding: undefined, problem: problem(flag, `binding of variant ${name}`, payload?.value, read.fix) };
  const wrong = name === 'off' ? undefined : check?.(feature, read.value);
  return {
    name,
    binding: read.value,
    problem: wrong === undefined ? undefined : problem(flag, `binding of variant ${name}`, payload?.value, wrong),
  };
}

/** A payload's value, or why it can't be read. */
export type PayloadReading =
  | { readonly ok: true; readonly value: JsonValue | undefined }
  | { readonly ok: false; readonly fix: string };

/** Reads a variant's payload: JSON parsed and frozen, numbers as numbers, anything else as text. */
export function readPayload(payload: VariantDefinition['payload']): PayloadReading {
  if (payload === undefined || payload === null) return { ok: true, value: undefined };
  const { type, value } = payload;
  if (type === 'json') {
    try {
      return { ok: true, value: deepFreeze(JSON.parse(value) as JsonValue) };
    } catch {
      return { ok: false, fix: 'the payload must be valid JSON' };
    }
  }
  if (type !== 'number') return { ok: true, value };
  const parsed = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  return Number.isFinite(parsed) ? { ok: true, value: parsed } : { ok: false, fix: 'the payload must be a number' };
}

function compileGated(
  definition: FlagDefinition,
  feature: string,
  find: (name: string) => FlagDefinition | undefined,
  { gates }: CompileSettings,
  mustBeOurs: boolean,
): GatedFlag {
  const { name, enabled } = definition;
  const problems: Problem[] = [];
  const byMap = gates?.get(name);
  if (mustBeOurs) {
    const found = rulesOf(definition)
      .map((rule) => rule.name)
      .join(', ');
    problems.push(
      problem(
        name,
        'strategies',
        found,
        'a flag of this name must carry aiAccess or aiStage; rename it or replace its strategies',
      ),
    );
  } else if (byMap !== undefined) {
    if (!isFeature(find(byMap))) problems.push(problem(name, 'gates', byMap, 'name a flag that carries aiAccess'));
  } else {
    problems.push(...dependencyProblems(definition));
  }
  return { kind: 'gated', name, enabled, feature, problems, revision: revisionOf(definition) };
}

function foreignRules(definition: FlagDefinition, own: string): Problem[] {
  return rulesOf(definition)
    .filter((rule) => rule.name !== own)
    .map((rule) =>
      problem(definition.name, 'strategies', rule.name, `remove it: beside ${own} no other strategy counts`),
    );
}

function parentProblems(definition: FlagDefinition, find: (name: string) => FlagDefinition | undefined): Problem[] {
  const { name, dependencies = [] } = definition;
  if (dependencies.length !== 1) {
    const found = dependencies.map((parent) => parent.feature).join(', ');
    return [problem(name, 'dependencies', found, 'give the change exactly one parent: its feature flag')];
  }
  const parent = dependencies[0]?.feature ?? '';
  if (isFeature(find(parent))) return dependencyProblems(definition);
  return [problem(name, 'dependencies', parent, 'the parent must be a flag that carries aiAccess')];
}

function dependencyProblems({ name, dependencies = [] }: FlagDefinition): Problem[] {
  const bad = dependencies.find((parent) => parent.enabled === false || (parent.variants?.length ?? 0) > 0);
  if (bad === undefined) return [];
  return [problem(name, 'dependencies', bad, 'depend on the parent as enabled, without variants')];
}

function targetingOf(rule: RuleDefinition, evaluator: RuleEvaluator): Targeting | undefined {
  const constraints = [...(rule.constraints ?? [])];
  for (const segment of rule.segments ?? []) {
    if (segment === undefined) constraints.push(undefined);
    else constraints.push(...(segment.constraints ?? []));
  }
  return constraints.length === 0 ? undefined : evaluator.targeting(constraints);
}
