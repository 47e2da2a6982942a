import type { EvaluationContext } from '@openfeature/web-sdk';
import type { IMutableContext } from 'unleash-proxy-client';

const KNOWN = ['userId', 'sessionId', 'remoteAddress', 'currentTime'] as const;

/** Fixed when the client is built. */
const FIXED: ReadonlySet<string> = new Set(['appName', 'environment']);

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
    const shown = isInexactId(name, value) ? undefined : shownAs(value);
    const known = KNOWN.find((field) => field === name);
    if (shown === undefined || FIXED.has(name) || name === '__proto__') continue;
    if (known === undefined) others.push([name, shown]);
    else mapped[known] = shown;
  }
  if (others.length > 0) mapped.properties = Object.fromEntries(others);
  const user: unknown = targetingKey;
  if (typeof user === 'string' && user !== '') mapped.userId = user;
  else if (typeof user === 'number' && isExact(user)) mapped.userId = String(user);
  return mapped;
}

/**
 * The same values for the gateway's OFREP: fields and properties side by side, all of them the text that the toggles are
 * fetched with.
 */
export function ofrepContext(context: EvaluationContext): Readonly<Record<string, string>> {
  const { userId, properties = {}, ...fields } = unleashContext(context);
  const { targetingKey: _unheard, ...others } = properties;
  return { ...others, ...fields, ...(userId !== undefined && { targetingKey: userId }) };
}

/** Whose answers these are: what another user or tenant got is never served, not even while new answers are on their way. */
export function ownerOf(context: EvaluationContext): string {
  return JSON.stringify([context.targetingKey ?? context['userId'] ?? '', context['tenantId'] ?? '']);
}

const IDS: ReadonlySet<string> = new Set(['userId', 'sessionId', 'tenantId']);

// A number that isn't exact would be another user's, session's or tenant's.
function isInexactId(name: string, value: unknown): boolean {
  return typeof value === 'number' && IDS.has(name) && !isExact(value);
}

const isExact = (value: number): boolean => Number.isSafeInteger(value) && !Object.is(value, -0);

function shownAs(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
      return Array.isArray(value) ? value.map((entry) => shownAs(entry) ?? '').join(',') : undefined;
    default:
      return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
