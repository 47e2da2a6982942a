import {
  AI_ACCESS,
  type Attributes,
  type ContextNames,
  type ControlSource,
  DEFAULT_CONTEXT_NAMES,
  DEFAULT_TIERS,
  type Decision,
  decide,
  describeProblem,
  type FlagDefinition,
  parseAccess,
  readSubject,
} from '@rampart/core';
import { unleashContext } from '../context.js';
import { UnleashEvaluator } from '../evaluator.js';
import { DefinitionSnapshot } from '../snapshot.js';
import { constraintsOf, missingFields, unknownAnswer } from './unknown-answer.js';

/** The differences of a change in evaluation, by subject. */
export interface PreviewOptions {
  readonly definitions: readonly FlagDefinition[];
  /** Contexts of the tenants to try, as a service would pass them. */
  readonly subjects: readonly Attributes[];
  /** The feature whose policy changes, or that becomes the parent. */
  readonly feature: string;
  /** An ordinary flag that would become a child of the feature. @default none: a parameter changes */
  readonly flag?: string | undefined;
  /** `aiAccess` parameters to set on the feature, as text. @default none */
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly control: ControlSource;
  /** @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /** @default the names of the facts themselves; `targetingKey` for the user */
  readonly contextNames?: ContextNames | undefined;
  /** What the ordinary flag answers today, asked of Unleash's own code; needed where `flag` is set. */
  readonly isEnabled?: ((flag: string, subject: Attributes) => boolean) | undefined;
}

/** One subject before and after. */
export interface PreviewRow {
  readonly subject: Attributes;
  /** `unknown` where today's answer can't be known from the subject. */
  readonly change: 'gains' | 'loses' | 'keeps' | 'stays out' | 'unknown';
  readonly before: boolean | 'unknown';
  readonly after: boolean | 'unknown';
  /** Why the answers can't be known, e.g. `no userId or sessionId, which the rollout hashes`; empty where they can. */
  readonly unknownBecause: readonly string[];
  /** The decision behind `after`. */
  readonly decision: Decision;
}

/**
 * Tells who would gain or lose access if a parameter of a feature changed, or if a flag were put under it. Changes nothing. A subject
 * without an attribute that today's strategies hash or compare is `unknown`, and so is, where a parameter changes, one without the
 * tier or the labels that the policy compares.
 *
 * @throws RangeError for a flag that is missing or no feature, and for parameters that would only close it
 */
export function preview(options: PreviewOptions): readonly PreviewRow[] {
  const { definitions, subjects, feature, flag, set = {} } = options;
  check(options);
  const before = snapshotOf(definitions, options);
  const after = snapshotOf(
    definitions.map((definition) => withParameters(definition, feature, set)),
    options,
  );
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  return subjects.map((attributes) => {
    const own = flag === undefined || (options.isEnabled?.(flag, attributes) ?? false);
    const was = flag === undefined ? ask(before, feature, attributes, options).enabled : own;
    const decision = ask(after, feature, attributes, options);
    const is = own && decision.enabled;
    const reasons = flag === undefined ? [] : unknownAnswer(flag, byName, attributes);
    const unknownBecause = reasons.length > 0 || !own ? reasons : unknownFeature(options, attributes);
    if (unknownBecause.length > 0)
      return { subject: attributes, change: 'unknown', before: 'unknown', after: 'unknown', decision, unknownBecause };
    return { subject: attributes, change: changeOf(was, is), before: was, after: is, decision, unknownBecause };
  });
}

/** What the feature's constraints and, where a parameter changes, its gates compare and the subject lacks, where it would decide. */
function unknownFeature(options: PreviewOptions, attributes: Attributes): readonly string[] {
  const { definitions, feature, flag, set = {}, contextNames = DEFAULT_CONTEXT_NAMES } = options;
  const subject: Readonly<Record<string, unknown>> = { ...readSubject(attributes, contextNames) };
  const context = unleashContext(attributes);
  const lookUp = (field: string): unknown =>
    subject[field] ?? (context as Readonly<Record<string, unknown>>)[field] ?? context.properties[field];
  const definition = definitions.find(({ name }) => name === feature);
  const fields = (definition?.strategies ?? []).flatMap((rule) => missingFields(constraintsOf(rule), lookUp));
  // Under a flag that is on today, a missing fact is a loss: the row says why.
  const facts = flag === undefined ? missingFacts(options, attributes) : [];
  if (fields.length + facts.length === 0) return [];
  // If the constraints matched and the facts were good: a subject that stays out even so stays out whatever it has.
  const bestCase = { ...attributes, ...Object.fromEntries(facts.map(({ name, best }) => [name, best])) };
  const matching = definitions.map((each) => (each.name === feature ? withoutConstraints(each, lookUp) : each));
  const mayOpen = [matching, matching.map((each) => withParameters(each, feature, set))].some(
    (each) => ask(snapshotOf(each, options), feature, bestCase, options).enabled,
  );
  if (!mayOpen) return [];
  return [
    ...new Set([
      ...fields.map((field) => `no ${field}, which a constraint of ${feature} compares`),
      ...facts.map(({ name, parameter }) => `no ${name}, which ${parameter} of ${feature} compares`),
    ]),
  ];
}

interface MissingFact {
  /** The attribute that holds it. */
  readonly name: string;
  readonly parameter: string;
  /** A value that closes no gate. */
  readonly best: string;
}

/** The facts that the policy of the feature compares, before or after the change, and that a subject lacks. */
function missingFacts(options: PreviewOptions, attributes: Attributes): readonly MissingFact[] {
  const { definitions, feature, set = {}, tiers = DEFAULT_TIERS, contextNames = DEFAULT_CONTEXT_NAMES } = options;
  const { tier, labels } = contextNames;
  const rule = definitions
    .find(({ name }) => name === feature)
    ?.strategies?.find(({ name }) => name === AI_ACCESS.name);
  const policies = [{}, set].flatMap((more) => {
    const parsed = parseAccess(feature, { ...(rule?.parameters as object), ...more }, tiers);
    return parsed.ok ? [parsed.value] : [];
  });
  const compared: readonly (MissingFact & { readonly isCompared: boolean })[] = [
    {
      name: tier,
      parameter: 'minTier',
      best: tiers.at(-1) ?? '',
      isCompared: policies.some(({ minTier }) => minTier !== undefined),
    },
    { name: labels, parameter: 'exclude', best: '', isCompared: policies.some(({ exclude }) => exclude.size > 0) },
  ];
  return compared.filter(
    ({ name, isCompared }) => isCompared && (attributes[name] === undefined || attributes[name] === null),
  );
}

function withoutConstraints(definition: FlagDefinition, lookUp: (field: string) => unknown): FlagDefinition {
  const present = (constraints: readonly unknown[] = []): readonly unknown[] =>
    constraints.filter((constraint) => missingFields([constraint], lookUp).length === 0);
  const strategies = (definition.strategies ?? []).map(({ constraints, segments = [], ...rule }) => ({
    ...rule,
    constraints: present(constraints),
    segments: segments.map((segment) => segment && { ...segment, constraints: present(segment.constraints) }),
  }));
  return { ...definition, strategies };
}

function check({ definitions, feature, flag, set = {}, isEnabled, tiers = DEFAULT_TIERS }: PreviewOptions): void {
  const featureDefinition = definitions.find(({ name }) => name === feature);
  if (featureDefinition === undefined)
    throw new RangeError(`there is no flag ${JSON.stringify(feature)}: name a feature`);
  const rule = featureDefinition.strategies?.find(({ name }) => name === 'aiAccess');
  if (rule === undefined) throw new RangeError(`${feature} carries no aiAccess rule: name a feature`);
  if (flag !== undefined) checkFlag(flag, definitions, isEnabled);
  const names = AI_ACCESS.parameters.map(({ name }) => name);
  const unknown = Object.keys(set).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`aiAccess has no parameter ${JSON.stringify(unknown)}: use one of ${names.join(', ')}`);
  }
  const parsed = parseAccess(feature, { ...(rule.parameters as object), ...set }, tiers);
  const wrong = parsed.ok
    ? undefined
    : parsed.problems.find(({ field }) => Object.hasOwn(set, field.slice('aiAccess.'.length)));
  if (wrong !== undefined) throw new RangeError(describeProblem(wrong));
}

function checkFlag(flag: string, definitions: readonly FlagDefinition[], isEnabled: PreviewOptions['isEnabled']): void {
  const definition = definitions.find(({ name }) => name === flag);
  if (definition === undefined) throw new RangeError(`there is no flag ${JSON.stringify(flag)}: name an existing one`);
  const ours = definition.strategies?.find(({ name }) => name === 'aiAccess' || name === 'aiStage');
  if (ours !== undefined) throw new RangeError(`${flag} carries ${ours.name}: name an ordinary flag`);
  if (isEnabled === undefined) throw new RangeError(`pass isEnabled to preview ${flag}: it tells today's answer`);
}

function snapshotOf(
  definitions: readonly FlagDefinition[],
  { tiers = DEFAULT_TIERS }: PreviewOptions,
): DefinitionSnapshot {
  return new DefinitionSnapshot(definitions, { tiers, evaluator: new UnleashEvaluator() });
}

function withParameters(
  definition: FlagDefinition,
  feature: string,
  set: Readonly<Record<string, string>>,
): FlagDefinition {
  if (definition.name !== feature) return definition;
  const strategies = (definition.strategies ?? []).map((rule) =>
    rule.name === 'aiAccess' ? { ...rule, parameters: { ...(rule.parameters as object), ...set } } : rule,
  );
  return { ...definition, strategies };
}

// Gates 1 to 7 are what a parent adds, so changes of the feature don't count here.
function ask(snapshot: DefinitionSnapshot, feature: string, attributes: Attributes, options: PreviewOptions): Decision {
  const subject = readSubject(attributes, options.contextNames ?? DEFAULT_CONTEXT_NAMES);
  const control = options.control.read(subject.tenantId, subject.consentRevision);
  const only = { flag: (name: string) => snapshot.flag(name), names: () => snapshot.names(), changesOf: () => [] };
  return decide(only, feature, subject, control, { tiers: options.tiers ?? DEFAULT_TIERS }).decision;
}

function changeOf(before: boolean, after: boolean): PreviewRow['change'] {
  if (before === after) return after ? 'keeps' : 'stays out';
  return after ? 'gains' : 'loses';
}
