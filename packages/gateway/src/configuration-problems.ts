import { nearestHint } from '@rampart/sdk/operator';
import type { z } from 'zod';
import type { ConfigurationProblem } from './configuration-error.js';

const MAX_SHOWN_LENGTH = 80;

/** What an expected type is called in a fix. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'its settings below it, one a line',
  record: 'names and values below it, one a line',
};

/** The fix for an issue whose schema names none. */
export const describeIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing: write ${typeOf(issue.expected)}`
        : `use ${typeOf(issue.expected)}`;
    case 'invalid_value':
      return withHint(
        `use one of ${issue.values.map(String).join(', ')}`,
        String(issue.input),
        issue.values.map(String),
      );
    case 'too_small':
      return `use at least ${amount(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `use at most ${amount(issue.origin, issue.maximum)}`;
    default:
      return undefined;
  }
};

/** An issue as a problem. The value is left out of everything that can hold a secret. */
export function problemOf(issue: z.core.$ZodIssue, input: unknown): ConfigurationProblem {
  return { field: issue.path.join('.'), value: shownValue(issue, input), fix: issue.message };
}

const typeOf = (expected: string): string => TYPES[expected] ?? `a value of type ${expected}`;

const UNITS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
};

function amount(origin: string, limit: number | bigint): string {
  const [one, many] = UNITS[origin] ?? [];
  const unit = Number(limit) === 1 ? one : many;
  return unit === undefined ? String(limit) : `${limit} ${unit}`;
}

const withHint = (fix: string, value: string, known: readonly string[]): string => {
  const hint = nearestHint(value, known);
  return hint === '' ? fix : `${fix}; ${hint}`;
};

// Addresses of databases and of Redis hold passwords. A key may stand where its hash belongs.
const SECRET_NAME = /secret|token|key|hash|password/i;
const SECRET_PLACES: readonly PropertyKey[] = ['database', 'redis'];

function shownValue(issue: z.core.$ZodIssue, input: unknown): string | undefined {
  const [place = ''] = issue.path;
  const name = issue.path.findLast((part) => typeof part === 'string') ?? '';
  if (SECRET_PLACES.includes(place) || SECRET_NAME.test(name)) return undefined;
  // Where a list or settings belong, a text may be anything.
  if (issue.code === 'invalid_type' && !['number', 'int', 'boolean'].includes(issue.expected)) return undefined;
  // So may the value of a name that is no setting.
  if (issue.code === 'custom' && issue.params?.['isUnknownName'] === true) return undefined;
  return shown(issue.path.reduce<unknown>(within, input));
}

const within = (value: unknown, part: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined;

function shown(value: unknown): string | undefined {
  if (typeof value !== 'string')
    return typeof value === 'number' || value === true || value === false ? `${value}` : undefined;
  // An address may hold a password.
  return value.includes('@') || value.length > MAX_SHOWN_LENGTH ? undefined : JSON.stringify(value);
}
