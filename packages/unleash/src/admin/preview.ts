import {
  type Attributes,
  type ControlSource,
  DEFAULT_CONTEXT_NAMES,
  DEFAULT_TIERS,
  type Decision,
  decide,
  type FlagDefinition,
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
  /** What the ordinary flag answers today, where `flag` is set. */
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

/** Tells who would gain or lose access if a parameter of a feature changed, or if a flag were put under it. Changes nothing. */
export function preview(options: PreviewOptions): readonly PreviewRow[] {
  const { definitions, subjects, feature, flag, set = {} } = options;
  if (!definitions.some((definition) => definition.name === feature))
    throw new RangeError(`there is no flag ${feature}`);
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
  const subject = readSubject(attributes, DEFAULT_CONTEXT_NAMES);
  const control = options.control.read(subject.tenantId, subject.consentRevision);
  const only = { flag: (name: string) => snapshot.flag(name), names: () => snapshot.names(), changesOf: () => [] };
  return decide(only, feature, subject, control, { tiers: options.tiers ?? DEFAULT_TIERS }).decision;
}

function changeOf(before: boolean, after: boolean): PreviewRow['change'] {
  if (before === after) return after ? 'keeps' : 'stays out';
  return after ? 'gains' : 'loses';
}
