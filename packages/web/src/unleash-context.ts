import type { EvaluationContext } from '@openfeature/web-sdk';
import type { IMutableContext } from 'unleash-proxy-client';

const UNLEASH_FIELDS = ['userId', 'sessionId', 'remoteAddress', 'currentTime'] as const;

/** The client's constructor sets these. */
const STATIC_FIELDS: ReadonlySet<string> = new Set(['appName', 'environment']);

/**
 * Maps an evaluation context to Unleash's: `targetingKey` is the userId, Unleash's own fields keep their names, the rest
 * are properties. A safe integer as an id is its text; any other number as an id is left out. Lists become comma-separated text, dates ISO 8601; other objects, `appName` and `environment` are left out.
 */
export function unleashContext(context: EvaluationContext): IMutableContext {
  const { targetingKey, properties, ...rest } = context;
  const mapped: IMutableContext = {};
  const all = Object.entries({ ...(isRecord(properties) ? properties : {}), ...rest });
  const others: [string, string][] = [];
  for (const [name, value] of all) {
    const text = isInexactId(name, value) ? undefined : displayValue(value);
    const unleashField = UNLEASH_FIELDS.find((field) => field === name);
    if (text === undefined || STATIC_FIELDS.has(name) || name === '__proto__') continue;
    if (unleashField === undefined) others.push([name, text]);
    else mapped[unleashField] = text;
  }
  if (others.length > 0) mapped.properties = Object.fromEntries(others);
  const user: unknown = targetingKey;
  if (typeof user === 'string' && user !== '') mapped.userId = user;
  else if (typeof user === 'number' && isExact(user)) mapped.userId = String(user);
  return mapped;
}

/**
 * The same values for the gateway's OFREP: fields and properties in one object, with the text values that the toggles are fetched
 * with.
 */
export function ofrepContext(context: EvaluationContext): Readonly<Record<string, string>> {
  const { userId, properties = {}, ...fields } = unleashContext(context);
  const { targetingKey: _ignored, ...others } = properties;
  return { ...others, ...fields, ...(userId !== undefined && { targetingKey: userId }) };
}

/** Identifies the user and tenant of toggles: those of another user or tenant are never served, not even during a fetch. */
export function subjectKey(context: EvaluationContext): string {
  return JSON.stringify([context.targetingKey ?? context['userId'] ?? '', context['tenantId'] ?? '']);
}

const IDS: ReadonlySet<string> = new Set(['userId', 'sessionId', 'tenantId']);

// A rounded number could be the id of another user, session or tenant.
function isInexactId(name: string, value: unknown): boolean {
  return typeof value === 'number' && IDS.has(name) && !isExact(value);
}

const isExact = (value: number): boolean => Number.isSafeInteger(value) && !Object.is(value, -0);

function displayValue(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
      return Array.isArray(value) ? value.map((entry) => displayValue(entry) ?? '').join(',') : undefined;
    default:
      return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
