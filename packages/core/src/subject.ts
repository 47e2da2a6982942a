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

/** What is known about whoever asks. An absent fact is `undefined`; facts that are needed and absent close. */
export interface Subject {
  readonly userId: string | undefined;
  readonly tenantId: string | undefined;
  readonly tier: string | undefined;
  readonly region: string | undefined;
  /** Lists come as arrays or comma-separated text; read them with {@link entriesOf}. */
  readonly cohorts: unknown;
  readonly labels: unknown;
  /** True unless absent or plainly false: what can't be read as false narrows. */
  readonly aiOptOut: boolean;
  readonly complexity: number | undefined;
  readonly confidence: unknown;
  readonly requestId: string | undefined;
  readonly consentRevision: string | undefined;
  /** Everything the caller passed, for constraints and stickiness. */
  readonly attributes: Attributes;
  /** The attribute that holds the tier. */
  readonly tierAttribute: string;
}

/** Reads the facts out of a context. Never throws; values of a wrong type count as absent. */
export function readSubject(attributes: Attributes, names: ContextNames = DEFAULT_CONTEXT_NAMES): Subject {
  return {
    userId: text(attributes[names.userId]),
    tenantId: text(attributes[names.tenantId]),
    tier: text(attributes[names.tier]),
    region: text(attributes[names.region]),
    cohorts: attributes[names.cohorts],
    labels: attributes[names.labels],
    aiOptOut: optedOut(attributes[names.aiOptOut]),
    complexity: finite(attributes[names.complexity]),
    confidence: attributes[names.confidence],
    requestId: text(attributes[names.requestId]),
    consentRevision: text(attributes[names.consentRevision]),
    attributes,
    tierAttribute: names.tier,
  };
}

/** The value that a stickiness field names: a fact of the subject, or any attribute. */
export function stickyValue(subject: Subject, field: string): string | undefined {
  if (field === 'tenantId') return subject.tenantId;
  if (field === 'userId' || field === 'targetingKey') return subject.userId;
  return Object.hasOwn(subject.attributes, field) ? text(subject.attributes[field]) : undefined;
}

/** The entries of a list fact, or undefined where it is absent or no list. An empty list is a known fact. */
export function entriesOf(list: unknown): readonly string[] | undefined {
  if (Array.isArray(list)) return list.every((entry) => typeof entry === 'string') ? list : undefined;
  if (typeof list !== 'string') return undefined;
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
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
