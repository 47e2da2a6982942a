import { z } from 'zod';
import type { Scope } from './control.js';
import type { ControlChange } from './control-state.js';
import { characterProblem } from './list.js';
import { type Bands, MODES, type Mode } from './modes.js';
import { CONSENT_MODELS, consentClass } from './parameters.js';
import { requireVisible } from './require-visible.js';

/** The longest tenant id, user id or flag name that can be recorded, in characters. */
export const MAX_ID_LENGTH = 255;

/** The least length of the secret that chains the log and signs what lies in Redis, in characters. */
export const MIN_SECRET_LENGTH = 32;

const MARKER = Symbol.for('rampart.ControlInputError');

/** A change, or an id, that can't be recorded. Nothing was. The message names the field, the value and the fix. */
export class ControlInputError extends RangeError {
  override readonly name = 'ControlInputError';
  /** The field that is wrong, dotted, e.g. `consent.state`. */
  readonly field: string;
  /** What to do about it; says nothing of what was given. */
  readonly fix: string;

  constructor(field: string, value: unknown, fix: string) {
    super(`${field} = ${shown(value)}: ${fix}`);
    this.field = field;
    this.fix = fix;
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** Whether this is a {@link ControlInputError}, also one of another copy of the package. */
export function isControlInputError(error: unknown): error is ControlInputError {
  return typeof error === 'object' && error !== null && MARKER in error;
}

const FRACTION = 'use a number from 0 to 1';
const WHOLE = 'use a whole number from 0';
const MOMENT = 'use milliseconds since 1970';

const id = z
  .string({ error: 'write a string' })
  .min(1, 'write at least one character')
  .max(MAX_ID_LENGTH, `use at most ${MAX_ID_LENGTH} characters`)
  // Some databases compare text without its trailing spaces: two tenants would be one.
  .regex(/^(?!\s).*(?<!\s)$/su, 'take away the space at its start or end')
  .superRefine(requireVisible);
const reason = z.string({ error: 'say why' }).max(2_000, 'use at most 2000 characters');
const fraction = z.number({ error: 'use a number from 0 to 1' }).min(0, FRACTION).max(1, FRACTION);
const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `use one of ${values.join(', ')}` });
const version = z
  .number({ error: WHOLE })
  .int(WHOLE)
  .min(0, WHOLE)
  .max(2 ** 31 - 1, WHOLE);
const mode = oneOf(MODES);
const bands = z.strictObject({ autoAbove: fraction, confirmFrom: fraction, reviewFrom: fraction }).partial();
const fact = id.refine((text) => characterProblem(text, 'fact') === undefined, {
  error: ({ input }) => characterProblem(String(input), 'fact') ?? '',
});
const scope = z
  .strictObject({ all: z.boolean(), feature: id, change: id, tenant: id, tier: fact, region: fact, label: fact })
  .partial()
  .refine(
    (parts) => Object.values(parts).some((part) => part !== undefined && part !== false),
    'name a feature, change, tenant, tier, region or label, or say { all: true }',
  );
const consent = z.strictObject({ state: oneOf(['opt_in', 'opt_out', 'unset']), version: version.optional() });
const userClass = z.union([consentClass, z.literal('*')], { error: 'name a consent class, or * for all AI' });
const override = z.strictObject({
  id,
  flag: id,
  force: oneOf(['on', 'off']),
  reason,
  until: z.number({ error: MOMENT }).int(MOMENT).min(0, MOMENT).max(8.64e15, MOMENT),
});
/** The values of changes, for readers that accept more than {@link readControlChange}. */
export const CHANGE_VALUES: {
  readonly mode: z.ZodType<Mode>;
  readonly bands: z.ZodType<Partial<Bands>>;
  readonly scope: z.ZodType<Scope>;
  readonly version: z.ZodType<number>;
  readonly fraction: z.ZodType<number>;
  readonly moment: z.ZodType<number>;
} = {
  mode,
  bands: bands as z.ZodType<Partial<Bands>>,
  scope,
  version,
  fraction,
  moment: override.shape.until,
};

const kind = <const K extends string, S extends z.ZodRawShape>(name: K, shape: S) =>
  z.strictObject({ kind: z.literal(name), ...shape });

const schema = z.discriminatedUnion('kind', [
  kind('consent', { tenant: id, featureClass: consentClass, consent }),
  kind('choice', { tenant: id, user: id, featureClass: userClass, choice: oneOf(['opt_in', 'opt_out']).optional() }),
  kind('preference', { tenant: id, mode: mode.optional(), bands: bands.optional() }),
  kind('override', { tenant: id, override }),
  kind('lift_override', { tenant: id, id }),
  kind('model', { featureClass: consentClass, model: oneOf(CONSENT_MODELS) }),
  kind('kill', { kill: z.strictObject({ id, scope, reason }) }),
  kind('revive', { id }),
  kind('cap', { cap: z.strictObject({ id, scope, mode }) }),
  kind('lift_cap', { id }),
  kind('floor', { floor: z.strictObject({ id, scope, bands }) }),
  kind('lift_floor', { id }),
  kind('calibration', { change: id, error: fraction }),
]);

/**
 * Checks a change that comes from outside.
 *
 * @throws ControlInputError that names the field, the value and the fix
 */
export function readControlChange(value: unknown): ControlChange {
  const result = schema.safeParse(value);
  if (result.success) return result.data as ControlChange;
  throw errorOf(result.error.issues[0], value);
}

/**
 * Checks the id of a tenant or user.
 *
 * @param field how errors name it
 * @throws ControlInputError that names the field, the value and the fix
 */
export function readId(field: string, value: unknown): string {
  const result = id.safeParse(value);
  if (result.success) return result.data;
  throw new ControlInputError(field, value, result.error.issues[0]?.message ?? 'can not be used');
}

function errorOf(issue: z.core.$ZodIssue | undefined, value: unknown): ControlInputError {
  const path = issue?.path ?? [];
  const found = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
  if (issue?.code === 'unrecognized_keys') {
    const [unknown = ''] = issue.keys;
    return new ControlInputError(
      [...path, unknown].join('.'),
      (found as Record<string, unknown>)[unknown],
      'there is no such field',
    );
  }
  if (issue?.code === 'invalid_union' && path.join('.') === 'kind') {
    return new ControlInputError(
      'kind',
      found,
      `use one of ${schema.options.map(({ shape }) => shape.kind.value).join(', ')}`,
    );
  }
  return new ControlInputError(path.join('.') || 'change', found, issue?.message ?? 'can not be used');
}

// Whole texts and objects may be long, or contain data that must not be logged.
function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
