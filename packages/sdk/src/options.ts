import {
  type ContextNames,
  type ControlSource,
  DEFAULT_CONTEXT_NAMES,
  ladderProblem,
  type TenantDirectory,
} from '@rampart/core';
import type { RampartProviderOptions, Tracker } from '@rampart/openfeature-provider';
import { Unleash, type UnleashConfig } from 'unleash-client';
import { z } from 'zod';
import type { ControlOptions } from './control-options.js';
import { describeIssue } from './describe-issue.js';

/** Options of {@link createRampart}: those of the provider, and where flags come from. */
export interface RampartOptions<Bindings extends BindingSchemas = BindingSchemas>
  extends Omit<RampartProviderOptions, 'flags' | 'control' | 'now'> {
  /**
   * Unleash's own options (`url`, `appName`, `customHeaders`, ...), or an instance that was built with `rampartStrategies`.
   * An instance is used and not destroyed; from options one is built, polled every 5 s unless `refreshInterval` says else.
   */
  readonly unleash: UnleashConfig | Unleash;
  /**
   * Consent, kill switches and the rest of the control state: the options of a database, or what `createControl` made of
   * them. From options one is opened and closed with the provider; what is given is used and left open.
   * @default an empty `InMemoryControl`: every opt-in is unset, and nothing survives a restart
   */
  readonly control?: ControlSource | ControlOptions | undefined;
  /** Flags whose name starts so must carry a Rampart strategy, and are closed while they are missing; `''`: none must. @default 'ai.' */
  readonly prefix?: string | undefined;
  /** Flag → feature, for existing flags that can't take a parent in Unleash. @default none */
  readonly gates?: Readonly<Record<string, string>> | undefined;
  /** Feature → schema of its bindings. A binding that doesn't fit closes at gate `config`. @default bindings are not checked */
  readonly bindings?: Bindings | undefined;
}

/** Any schema with zod's `safeParse`. */
export interface BindingSchema<Binding = unknown> {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: Binding }
    | { readonly success: false; readonly error: { readonly message: string } };
}

/** Feature → schema of its bindings. */
export type BindingSchemas = Readonly<Record<string, BindingSchema>>;

/** The type of a feature's bindings. */
export type BindingOf<Schema> = Schema extends BindingSchema<infer Binding> ? Binding : never;

const name = z.string().min(1);
const flagMap = z.record(name, name);
const milliseconds = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const schema = z.strictObject({
  unleash: z.unknown(),
  control: z
    .custom<ControlSource | ControlOptions>(
      (value) => isControlSource(value) || (typeof value === 'object' && value !== null && 'database' in value),
      'name a database, or pass what createControl returned',
    )
    .optional(),
  directory: z
    .strictObject({
      lookup: z.custom<TenantDirectory>((value) => typeof value === 'function', 'must be a function of a tenant id'),
      ttlMs: milliseconds.optional(),
      maxEntries: z.number().int().min(1).optional(),
      timeoutMs: milliseconds.optional(),
    })
    .optional(),
  tiers: z
    .array(name)
    .min(1)
    .superRefine((tiers, context) => {
      const message = ladderProblem(tiers);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .optional(),
  contextNames: z.partialRecord(z.enum(Object.keys(DEFAULT_CONTEXT_NAMES) as [keyof ContextNames]), name).optional(),
  prefix: z.string().optional(),
  gates: flagMap.optional(),
  observe: flagMap.optional(),
  bindings: z
    .record(
      name,
      z.custom<BindingSchema>((value) => hasMethod(value, 'safeParse'), 'must be a schema with safeParse'),
    )
    .optional(),
  initTimeoutMs: milliseconds.optional(),
  staleAfterMs: milliseconds.optional(),
  unleashCompat: z.boolean().optional(),
  flagSetId: name.optional(),
  trackers: z.array(z.custom<Tracker>((value) => typeof value === 'function', 'must be a function')).optional(),
  hooks: z.array(z.custom<object>((value) => typeof value === 'object' && value !== null, 'must be a hook')).optional(),
  logger: z.custom<object>((value) => hasMethod(value, 'warn'), 'needs error, warn, info and debug methods').optional(),
});

/** Whether this answers questions by itself, and isn't a description of a database. */
export function isControlSource(value: unknown): value is ControlSource {
  return hasMethod(value, 'read');
}

function hasMethod(value: unknown, method: string): boolean {
  return (
    typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[method] === 'function'
  );
}

/** Checks options once, at the edge. Throws a TypeError that names the option, what is wrong and, where it is short, the value. */
export function checkOptions(options: RampartOptions): void {
  const result = schema.safeParse(options);
  const wrong = result.success ? unleashProblem(options.unleash) : describeIssue(result.error.issues[0], options);
  if (wrong !== undefined) throw new TypeError(`createRampart: ${wrong}`);
  const twice = Object.keys(options.gates ?? {}).find((flag) => options.observe?.[flag] !== undefined);
  if (twice !== undefined)
    throw new TypeError(`createRampart: ${twice} stands in gates and in observe: keep one of them`);
}

// unleash-client hands its timeout on as the longest pause between retries, which may not be shorter than the shortest, 1 s.
const LEAST_TIMEOUT = 1_000;

function unleashProblem(unleash: unknown): string | undefined {
  if (isUnleash(unleash)) return undefined;
  if (typeof unleash !== 'object' || unleash === null) return "unleash: pass Unleash's own options or an instance";
  const { url, appName, timeout = LEAST_TIMEOUT } = unleash as Partial<UnleashConfig>;
  if (!(timeout >= LEAST_TIMEOUT))
    return `unleash.timeout = ${timeout}: use at least ${LEAST_TIMEOUT}; with less, unleash-client never fetches`;
  if (typeof url !== 'string' || !URL.canParse(url))
    return `unleash.url: ${JSON.stringify(url)} is no URL, e.g. https://unleash.example.com/api`;
  return typeof appName === 'string' && appName !== '' ? undefined : 'unleash.appName: name your service';
}

/** Whether this is an Unleash instance, also one of another copy of the package. */
export function isUnleash(value: unknown): value is Unleash {
  return value instanceof Unleash || (hasMethod(value, 'isEnabled') && hasMethod(value, 'getFeatureToggleDefinitions'));
}

/** The whole map of context names. */
export function contextNamesOf(names: Partial<ContextNames> = {}): ContextNames {
  return { ...DEFAULT_CONTEXT_NAMES, ...names };
}
