import { entriesOf, idText, readFact } from './list.js';

/** Facts about a tenant that the context doesn't carry. */
export interface TenantFacts {
  readonly tier?: string | undefined;
  readonly region?: string | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly cohorts?: readonly string[] | undefined;
}

/** An evaluation context as callers pass it: OpenFeature's, or any plain object. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Which attribute holds which fact. */
export interface ContextNames {
  readonly userId: string;
  readonly tenantId: string;
  readonly tier: string;
  readonly region: string;
  readonly cohorts: string;
  readonly labels: string;
  readonly aiOptOut: string;
  readonly complexity: string;
  readonly confidence: string;
  readonly requestId: string;
  readonly consentRevision: string;
}

export const DEFAULT_CONTEXT_NAMES: ContextNames = Object.freeze({
  userId: 'targetingKey',
  tenantId: 'tenantId',
  tier: 'tier',
  region: 'region',
  cohorts: 'cohorts',
  labels: 'labels',
  aiOptOut: 'aiOptOut',
  complexity: 'complexity',
  confidence: 'confidence',
  requestId: 'requestId',
  consentRevision: 'consentRevision',
});

/** Tier, region, cohorts and labels as the context or the directory states them, in whatever form. */
export interface StatedFacts {
  readonly tier: unknown;
  readonly region: unknown;
  readonly cohorts: unknown;
  readonly labels: unknown;
}

/**
 * What is known about the subject of a question. A fact that is absent or can't be read is `undefined`; a fact that is needed
 * and not known closes. Ids compare exactly; tier, region, cohorts and labels are lower case, the form in which they compare.
 */
export interface Subject {
  readonly userId: string | undefined;
  readonly tenantId: string | undefined;
  readonly tier: string | undefined;
  readonly region: string | undefined;
  readonly cohorts: readonly string[] | undefined;
  readonly labels: readonly string[] | undefined;
  /** True unless absent or plainly false: what can't be read as false narrows. */
  readonly aiOptOut: boolean;
  readonly complexity: number | undefined;
  readonly confidence: unknown;
  readonly requestId: string | undefined;
  readonly consentRevision: string | undefined;
  /** Everything the caller passed, for constraints and stickiness. */
  readonly attributes: Attributes;
  /** The facts before they were read: an operator's constraints compare these, exactly. */
  readonly stated: StatedFacts;
  /** The attribute that holds the tier. */
  readonly tierAttribute: string;
}

/** Reads the facts out of a context. Never throws; values that can't be read count as unknown. */
export function readSubject(attributes: Attributes, names: ContextNames = DEFAULT_CONTEXT_NAMES): Subject {
  const tier = attributes[names.tier];
  const region = attributes[names.region];
  const cohorts = attributes[names.cohorts];
  const labels = attributes[names.labels];
  return {
    userId: idText(attributes[names.userId]),
    tenantId: idText(attributes[names.tenantId]),
    tier: readFact(tier),
    region: readFact(region),
    cohorts: entriesOf(cohorts),
    labels: entriesOf(labels),
    aiOptOut: optedOut(attributes[names.aiOptOut]),
    complexity: finite(attributes[names.complexity]),
    confidence: attributes[names.confidence],
    requestId: idText(attributes[names.requestId]),
    consentRevision: revisionText(attributes[names.consentRevision]),
    attributes,
    stated: { tier, region, cohorts, labels },
    tierAttribute: names.tier,
  };
}

/** Whether the context states every fact that a directory could add. */
export function statesAllFacts({ stated: { tier, region, cohorts, labels } }: Subject): boolean {
  return !isAbsent(tier) && !isAbsent(region) && isStated(cohorts) && isStated(labels);
}

/** The same subject with the facts of its tenant. What the context states stays, also where it can't be read. */
export function withTenantFacts(subject: Subject, facts: TenantFacts): Subject {
  const { stated } = subject;
  const tier = isAbsent(stated.tier) ? facts.tier : stated.tier;
  const region = isAbsent(stated.region) ? facts.region : stated.region;
  const cohorts = stated.cohorts ?? facts.cohorts;
  const labels = stated.labels ?? facts.labels;
  return {
    ...subject,
    tier: readFact(tier),
    region: readFact(region),
    cohorts: entriesOf(cohorts),
    labels: entriesOf(labels),
    stated: { tier, region, cohorts, labels },
  };
}

const isStated = (value: unknown): boolean => value !== undefined && value !== null;
const isAbsent = (value: unknown): boolean => !isStated(value) || value === '';

/** The value that a stickiness field names: a fact of the subject, or any attribute. */
export function stickyValue(subject: Subject, field: string): string | undefined {
  if (field === 'tenantId') return subject.tenantId;
  if (field === 'userId' || field === 'targetingKey') return subject.userId;
  return Object.hasOwn(subject.attributes, field) ? idText(subject.attributes[field]) : undefined;
}

// A revision that can't be read is none of any log, and closes; an absent one asks for nothing.
function revisionText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' ? String(value) : undefined;
}

function finite(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}

const NOT_OPTED_OUT: ReadonlySet<unknown> = new Set([undefined, null, false, 0, '', 'false', '0', 'no']);

function optedOut(value: unknown): boolean {
  return !NOT_OPTED_OUT.has(value);
}
