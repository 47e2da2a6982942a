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
import { UnleashEvaluator } from '../evaluator.js';
import { DefinitionSnapshot } from '../snapshot.js';

/** What would change, and for whom. */
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
  /** What the ordinary flag answers today; needed where `flag` is set. */
  readonly isEnabled?: ((flag: string, subject: Attributes) => boolean) | undefined;
}

/** One subject before and after. */
export interface PreviewRow {
  readonly subject: Attributes;
  readonly change: 'gains' | 'loses' | 'keeps' | 'stays out';
  readonly before: boolean;
  readonly after: boolean;
  /** The decision behind `after`. */
  readonly decision: Decision;
}

/**
 * Tells who would gain or lose access if a parameter of a feature changed, or if a flag were put under it. Changes nothing.
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
  return subjects.map((attributes) => {
    const own = flag === undefined || (options.isEnabled?.(flag, attributes) ?? false);
    const was = flag === undefined ? ask(before, feature, attributes, options).enabled : own;
    const decision = ask(after, feature, attributes, options);
    const is = own && decision.enabled;
    return { subject: attributes, change: changeOf(was, is), before: was, after: is, decision };
  });
}

function check({ definitions, feature, flag, set = {}, isEnabled, tiers = DEFAULT_TIERS }: PreviewOptions): void {
  const found = definitions.find(({ name }) => name === feature);
  if (found === undefined) throw new RangeError(`there is no flag ${JSON.stringify(feature)}: name a feature`);
  const rule = found.strategies?.find(({ name }) => name === 'aiAccess');
  if (rule === undefined) throw new RangeError(`${feature} carries no aiAccess rule: name a feature`);
  if (flag !== undefined) checkFlag(flag, definitions, isEnabled);
  const known = AI_ACCESS.parameters.map(({ name }) => name);
  const unknown = Object.keys(set).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`aiAccess has no parameter ${JSON.stringify(unknown)}: use one of ${known.join(', ')}`);
  }
  const parsed = parseAccess(feature, { ...(rule.parameters as object), ...set }, tiers);
  const wrong = parsed.ok
    ? undefined
    : parsed.problems.find(({ field }) => Object.hasOwn(set, field.slice('aiAccess.'.length)));
  if (wrong !== undefined) throw new RangeError(describeProblem(wrong));
}

function checkFlag(flag: string, definitions: readonly FlagDefinition[], isEnabled: PreviewOptions['isEnabled']): void {
  const found = definitions.find(({ name }) => name === flag);
  if (found === undefined) throw new RangeError(`there is no flag ${JSON.stringify(flag)}: name an existing one`);
  const ours = found.strategies?.find(({ name }) => name === 'aiAccess' || name === 'aiStage');
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
