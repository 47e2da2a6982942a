import {
  type Consent,
  EMPTY_TENANT,
  type LogEffect,
  MODES,
  readRecordedChange,
  type TenantControl,
  type UserChoice,
} from '@rampart/core';
import { z } from 'zod';

const fraction = z.number().min(0).max(1);
const whole = z.int().min(0);
const threshold = z.exactOptional(fraction);
const bands = z.strictObject({ autoAbove: threshold, confirmFrom: threshold, reviewFrom: threshold });
const mode = z.enum(MODES);
const consentState = z.enum(['opt_in', 'opt_out', 'unset', 'unknown']);
const choice = z.enum(['opt_in', 'opt_out', 'unknown']);
const override = z.strictObject({
  id: z.string(),
  flag: z.string(),
  force: z.enum(['on', 'off']),
  reason: z.string(),
  until: z.number(),
});
const tenantText = z.strictObject({
  consents: z.array(z.union([z.tuple([z.string(), consentState]), z.tuple([z.string(), consentState, whole])])),
  users: z.array(z.tuple([z.string(), z.array(z.tuple([z.string(), choice]))])),
  mode: mode.optional(),
  bands: bands.optional(),
  overrides: z.array(override).optional(),
});

/** Compact text of a tenant's control state. */
export function writeTenant(tenant: TenantControl): string {
  return JSON.stringify({
    consents: Array.from(tenant.consents, ([name, consent]) =>
      consent.version === undefined ? [name, consent.state] : [name, consent.state, consent.version],
    ),
    users: Array.from(tenant.users, ([user, choices]) => [user, [...choices]]),
    mode: tenant.mode,
    bands: tenant.bands,
    overrides: tenant.overrides,
  } satisfies Record<keyof TenantControl, unknown>);
}

/** Parses the text of {@link writeTenant}; undefined for any other text. */
export function readTenant(text: string): TenantControl | undefined {
  const value = json(text);
  return readConsentsFast(value) ?? readAll(value);
}

// Nearly every tenant has consents alone. The schema would make a cache miss a tenth slower.
function readConsentsFast(value: unknown): TenantControl | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return undefined;
  const { consents: pairs, users } = value as Readonly<Record<string, unknown>>;
  if (!Array.isArray(pairs) || !Array.isArray(users) || users.length > 0) return undefined;
  const consents = new Map<string, Consent>();
  for (const entry of pairs as readonly unknown[]) {
    if (!Array.isArray(entry) || entry.length < 2 || entry.length > 3) return undefined;
    const [name, state, version] = entry as readonly unknown[];
    if (typeof name !== 'string' || !isConsentState(state)) return undefined;
    if (entry.length === 2) consents.set(name, { state });
    else if (Number.isSafeInteger(version) && (version as number) >= 0)
      consents.set(name, { state, version: version as number });
    else return undefined;
  }
  return { consents, users: EMPTY_TENANT.users };
}

function isConsentState(value: unknown): value is Consent['state'] {
  return value === 'opt_in' || value === 'opt_out' || value === 'unset' || value === 'unknown';
}

function readAll(value: unknown): TenantControl | undefined {
  const { data } = tenantText.safeParse(value);
  if (data === undefined) return undefined;
  const { consents, users, ...rest } = data;
  return {
    ...rest,
    consents: new Map<string, Consent>(
      consents.map(([name, state, version]) => [name, version === undefined ? { state } : { state, version }]),
    ),
    users: new Map(users.map(([user, choices]) => [user, new Map<string, UserChoice>(choices)])),
  };
}

/** Compact text of a log entry's effect. */
export function writeEffect(effect: LogEffect): string {
  return JSON.stringify(effect);
}

const effectText = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('change'), change: z.unknown() }),
  z.strictObject({ kind: z.literal('forget') }),
  z.strictObject({ kind: z.literal('begin_anew') }),
  z.strictObject({ kind: z.literal('none') }),
]);

/** Parses the text of {@link writeEffect}; undefined for any other text. */
export function readEffect(text: string): LogEffect | undefined {
  const { data } = effectText.safeParse(json(text));
  if (data?.kind !== 'change') return data;
  const change = readRecordedChange(data.change);
  return change && { kind: 'change', change };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
