import {
  type Attributes,
  DEFAULT_CONTEXT_NAMES,
  type FlagDefinition,
  type RuleDefinition,
  readSubject,
  rolloutBucket,
} from '@rampart/core';
import { unleashContext } from '../context.js';
import { UnleashEvaluator } from '../evaluator.js';

/** The inputs of a row. */
interface Row {
  readonly attributes: Attributes;
  /** The value that Unleash finds under this name. */
  readonly lookUp: (field: string) => string | undefined;
}

/** What is known of one strategy: `closed` whatever is missing, `open` or `either` with nothing missing, or the reasons. */
type Verdict = 'open' | 'closed' | 'either' | readonly string[];

interface Constraint {
  readonly contextName?: unknown;
  readonly operator?: unknown;
}

/**
 * Why the answer of an ordinary flag can't be known from a context: attributes that are missing from it and that the flag's
 * strategies, or those of its parents, compare or hash by; random numbers; strategies that only the service has.
 *
 * @returns the reasons; empty where the answer can be known
 */
export function unknownAnswer(
  flag: string,
  definitions: ReadonlyMap<string, FlagDefinition>,
  attributes: Attributes,
): readonly string[] {
  const context = unleashContext(attributes);
  const lookUp = (field: string): string | undefined => {
    const value = (context as Readonly<Record<string, unknown>>)[field] ?? context.properties[field];
    return value === undefined ? undefined : String(value);
  };
  return reasonsOf(flag, definitions, { attributes, lookUp });
}

/** The attributes that constraints compare and a context doesn't have. */
export function missingFields(constraints: readonly unknown[], lookUp: (field: string) => unknown): readonly string[] {
  return constraints.flatMap((constraint) => {
    const { contextName, operator } = (constraint ?? {}) as Constraint;
    // Such operators compare the time of the question, whatever field they name.
    const isTime = contextName === 'currentTime' || String(operator).startsWith('DATE_');
    return isTime || typeof contextName !== 'string' || lookUp(contextName) !== undefined ? [] : [contextName];
  });
}

/** The constraints of a rule, those of its segments included. */
export function constraintsOf({ constraints = [], segments = [] }: RuleDefinition): readonly unknown[] {
  return [...constraints, ...segments.flatMap((segment) => segment?.constraints ?? [])];
}

function reasonsOf(flag: string, definitions: ReadonlyMap<string, FlagDefinition>, row: Row): readonly string[] {
  const definition = definitions.get(flag);
  if (definition?.enabled !== true) return [];
  const { strategies = [], dependencies = [] } = definition;
  const verdicts = strategies
    .filter((rule) => (rule as { readonly disabled?: boolean }).disabled !== true)
    .map((rule) => verdictOf(rule, flag, row));
  if (verdicts.length > 0 && verdicts.every((verdict) => verdict === 'closed')) return [];
  const own = verdicts.includes('open')
    ? []
    : verdicts.flatMap((verdict) => (typeof verdict === 'string' ? [] : verdict));
  // Unleash allows one level of parents.
  const parents = dependencies.flatMap(({ feature }) =>
    reasonsOf(feature, new Map([...definitions].map(([name, each]) => [name, { ...each, dependencies: [] }])), row),
  );
  return [...new Set([...own, ...parents])];
}

function verdictOf(rule: RuleDefinition, flag: string, row: Row): Verdict {
  const constraints = constraintsOf(rule);
  const hasMissingSegment = rule.segments?.includes(undefined) === true;
  const decidable = constraints.filter((constraint) => missingFields([constraint], row.lookUp).length === 0);
  const subject = readSubject(row.attributes, DEFAULT_CONTEXT_NAMES);
  if (hasMissingSegment || !new UnleashEvaluator().targeting(decidable)(subject)) return 'closed';
  const hashed = hashVerdict(rule, flag, row);
  if (hashed === 'closed') return 'closed';
  const missing = missingFields(constraints, row.lookUp).map((field) => `no ${field}, which a constraint compares`);
  if (missing.length === 0) return hashed;
  return [...missing, ...(typeof hashed === 'string' ? [] : hashed)];
}

/** The strategies that come with Unleash; each knows which value it hashes or compares. */
function hashVerdict({ name, parameters }: RuleDefinition, flag: string, row: Row): Verdict {
  const { rollout, percentage, groupId, stickiness } = (parameters ?? {}) as Readonly<Record<string, unknown>>;
  const split = (by: readonly string[], share: unknown, group: unknown): Verdict =>
    splitVerdict(by, Number(share), String(group ?? ''), row);
  switch (name) {
    case 'default':
      return 'open';
    case 'flexibleRollout': {
      const by = typeof stickiness === 'string' && stickiness !== '' ? stickiness : 'default';
      const fields = by === 'default' ? ['userId', 'sessionId'] : by === 'random' ? [] : [by];
      // Without a value to hash, Unleash draws a number for these two.
      if (Number(rollout) >= 100 && (by === 'default' || by === 'random')) return 'open';
      return split(fields, rollout, groupId === undefined || groupId === '' ? flag : groupId);
    }
    case 'gradualRolloutUserId':
      return split(['userId'], percentage, groupId);
    case 'gradualRolloutSessionId':
      return split(['sessionId'], percentage, groupId);
    case 'gradualRolloutRandom':
      return Number(percentage) >= 100 ? 'open' : split([], percentage, '');
    case 'userWithId':
      return present('userId', row);
    case 'remoteAddress':
      return present('remoteAddress', row);
    case 'applicationHostname':
      return ['strategy applicationHostname compares the host that asks'];
    case 'aiAccess':
    case 'aiStage':
      return 'either';
    default:
      return [`strategy ${name} is known only to the services`];
  }
}

function splitVerdict(fields: readonly string[], share: number, groupId: string, row: Row): Verdict {
  if (!(share > 0)) return 'closed';
  if (fields.length === 0) return ['a random number decides at each question'];
  const value = fields.map(row.lookUp).find((each) => each !== undefined && each !== '');
  if (value === undefined) return [`no ${fields.join(' or ')}, which the rollout hashes`];
  return rolloutBucket(value, groupId) <= share ? 'open' : 'closed';
}

const present = (field: string, { lookUp }: Row): Verdict =>
  lookUp(field) === undefined ? [`no ${field}, which a list compares`] : 'either';
