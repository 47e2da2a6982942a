import { GATES, MODES, readControlChange, STAGES } from '@rampart/core';
import { z } from 'zod';

/** A value that JSON can't write: `"$NaN"`, `"$Infinity"`, `"$-Infinity"`; `"$absent"` takes a value of the base away. */
const attributes = z.custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null);

const constraint = z.strictObject({
  contextName: z.string(),
  operator: z.enum(['IN', 'NOT_IN']),
  values: z.array(z.string()),
  inverted: z.boolean().optional(),
});

const variant = z.strictObject({
  name: z.string(),
  weight: z.number().default(1000),
  payload: z.strictObject({ type: z.string(), value: z.string() }).optional(),
  stickiness: z.string().optional(),
});

/** One rule: `parameters` go over those of the base rule, and `strategy` may name another strategy. */
const rule = z.strictObject({
  strategy: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  constraints: z.array(constraint).optional(),
  segments: z.array(z.number()).optional(),
  variants: z.array(variant).optional(),
});

const dependency = z.strictObject({
  feature: z.string(),
  enabled: z.boolean().optional(),
  variants: z.array(z.string()).optional(),
});

/** One flag: the base flag with one rule as said here, or with these `rules`. */
const flag = rule.extend({
  name: z.string().optional(),
  enabled: z.boolean().optional(),
  rules: z.array(rule).optional(),
  dependencies: z.array(dependency).optional(),
  flagVariants: z.array(variant).optional(),
});

/** The flags of a row; `null` takes a flag of the base away. */
const flags = z.strictObject({
  feature: flag.nullish(),
  change: flag.nullish(),
  /** More changes of the same feature, by name. */
  changes: z.record(z.string(), flag).optional(),
  /** Flags without any base, by name. */
  others: z.record(z.string(), flag).optional(),
  segments: z.array(z.strictObject({ id: z.number(), constraints: z.array(constraint) })).optional(),
});

const bands = z.strictObject({
  autoAbove: z.number().optional(),
  confirmFrom: z.number().optional(),
  reviewFrom: z.number().optional(),
});
const mode = z.enum(MODES);

/** A change of the control log, held to core's own check. */
const controlChange = z.unknown().transform(readControlChange);

/** What a row expects: these keys of the decision, each compared whole; `null` stands for absent. */
const expectation = z.strictObject({
  reason: z.enum(['DISABLED', 'SPLIT', 'TARGETING_MATCH', 'ERROR']),
  outcome: z.enum(['enabled', 'off', 'unavailable', 'consent_required', 'paywall', 'shadow']),
  enabled: z.boolean(),
  gate: z.enum(GATES),
  detail: z.string().nullish(),
  feature: z.string().nullish(),
  change: z.string().nullish(),
  variant: z.string().nullish(),
  binding: z.unknown().optional(),
  stage: z.enum(STAGES).nullish(),
  mode: mode.nullish(),
  bands: bands.nullish(),
  route: z.enum(['auto', 'confirm', 'review', 'human']).nullish(),
  review: z.boolean().nullish(),
  fallback: z.string().nullish(),
  disclosure: z.string().nullish(),
  paywall: z.record(z.string(), z.unknown()).nullish(),
  message: z.string().nullish(),
  shadow: z.array(z.record(z.string(), z.unknown())).optional(),
  limits: z.record(z.string(), z.unknown()).nullish(),
  revisions: z.record(z.string(), z.unknown()).optional(),
  /** The OpenFeature error code, which only a missing flag has. */
  errorCode: z.enum(['FLAG_NOT_FOUND']).optional(),
  /** The one problem that the warning names. */
  problem: z.strictObject({ flag: z.string(), field: z.string(), value: z.string().optional() }).optional(),
  /** The variant counted as shown. */
  exposed: z.string().nullish(),
});

export const rowSchema = z.strictObject({
  name: z.string().min(1),
  flags: flags.optional(),
  /** The flags that the same process saw first, over the same base; `flags` replaced them. */
  earlier: flags.optional(),
  /** Flag → feature, for flags without a parent. */
  gates: z.record(z.string(), z.string()).optional(),
  tiers: z.array(z.string()).optional(),
  prefix: z.string().optional(),
  context: attributes.optional(),
  /** The whole control log instead of the base's one consent; `unknown` where nothing fresh is known. */
  control: z.union([z.literal('unknown'), z.array(controlChange)]).optional(),
  /** Appended to the control log. */
  also: z.array(controlChange).optional(),
  /** The flag that is asked; the base's change unless said. */
  ask: z.string().optional(),
  expect: expectation,
  /** The status with which the gateway refuses the context of this row, instead of an answer. */
  gatewayStatus: z.literal(400).optional(),
  /** What is expected instead where unleash-client can't hold the flags: it keeps them in an object, where `__proto__` is no key. */
  throughUnleash: expectation.optional(),
});

export const tableSchema = z.strictObject({ about: z.string(), rows: z.array(rowSchema).min(1) });

export type Row = z.output<typeof rowSchema>;
export type FlagDelta = z.output<typeof flag>;
export type RuleDelta = z.output<typeof rule>;
export type Expectation = z.output<typeof expectation>;
