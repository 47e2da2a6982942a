import {
  type Consent,
  type ConsentModel,
  isControlInputError,
  type LogEffect,
  MODES,
  readControlChange,
  type SharedControl,
  type TenantControl,
  type UserChoice,
} from '@rampart/core';
import { z } from 'zod';

const fraction = z.number().min(0).max(1);
const whole = z.int().min(0);
const threshold = z.exactOptional(fraction);
const bands = z.strictObject({ autoAbove: threshold, confirmFrom: threshold, reviewFrom: threshold });
const mode = z.enum(MODES);
const state = z.enum(['opt_in', 'opt_out', 'unset']);
const model = z.enum(['opt_in', 'opt_out', 'not_required'] satisfies readonly ConsentModel[]);
const choice = z.enum(['opt_in', 'opt_out']);
const override = z.strictObject({
  id: z.string(),
  flag: z.string(),
  force: z.enum(['on', 'off']),
  reason: z.string(),
  until: z.number(),
});
const scope = z
  .strictObject({
    all: z.boolean(),
    feature: z.string(),
    change: z.string(),
    tenant: z.string(),
    tier: z.string(),
    region: z.string(),
    label: z.string(),
  })
  .partial();

const tenantText = z.strictObject({
  consents: z.array(z.union([z.tuple([z.string(), state]), z.tuple([z.string(), state, whole])])),
  users: z.array(z.tuple([z.string(), z.array(z.tuple([z.string(), choice]))])),
  mode: mode.optional(),
  bands: bands.optional(),
  overrides: z.array(override).optional(),
});
const sharedText = z.strictObject({
  models: z.array(z.tuple([z.string(), model])),
  kills: z.array(z.strictObject({ id: z.string(), scope, reason: z.string() })),
  modeCaps: z.array(z.strictObject({ id: z.string(), scope, mode })),
  confidenceFloors: z.array(z.strictObject({ id: z.string(), scope, bands })),
  calibrations: z.array(z.tuple([z.string(), fraction])),
});

/** Compact text of all that is recorded about a tenant. */
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

/** What {@link writeTenant} wrote; undefined where the text is anything else. */
export function readTenant(text: string): TenantControl | undefined {
  const { data } = tenantText.safeParse(json(text));
  if (data === undefined) return undefined;
  const { consents, users, ...rest } = data;
  return {
    ...rest,
    consents: new Map<string, Consent>(
      consents.map(([name, said, version]) => [
        name,
        version === undefined ? { state: said } : { state: said, version },
      ]),
    ),
    users: new Map(users.map(([user, choices]) => [user, new Map<string, UserChoice>(choices)])),
  };
}

/** Compact text of all that is recorded and no tenant's own. */
export function writeShared({ models, kills, modeCaps, confidenceFloors, calibrations }: SharedControl): string {
  return JSON.stringify({
    models: [...models],
    kills,
    modeCaps,
    confidenceFloors,
    calibrations: [...calibrations],
  } satisfies Record<keyof SharedControl, unknown>);
}

/** What {@link writeShared} wrote; undefined where the text is anything else. */
export function readShared(text: string): SharedControl | undefined {
  const { data } = sharedText.safeParse(json(text));
  return data && { ...data, models: new Map(data.models), calibrations: new Map(data.calibrations) };
}

/** Compact text of what an entry of the log means. */
export function writeEffect(effect: LogEffect): string {
  return JSON.stringify(effect);
}

const effectText = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('change'), change: z.unknown() }),
  z.strictObject({ kind: z.literal('forget'), tenant: z.string().optional() }),
  z.strictObject({ kind: z.literal('none') }),
]);

/** What {@link writeEffect} wrote; undefined where the text is anything else. */
export function readEffect(text: string): LogEffect | undefined {
  const { data } = effectText.safeParse(json(text));
  if (data?.kind === 'forget') return { kind: 'forget', tenant: data.tenant };
  if (data?.kind !== 'change') return data;
  try {
    return { kind: 'change', change: readControlChange(data.change) };
  } catch (error) {
    if (isControlInputError(error)) return undefined;
    throw error;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
