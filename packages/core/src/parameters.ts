import { z } from 'zod';
import { type Bands, DEFAULT_BANDS, MODES, type Mode } from './modes.js';
import { type Problem, problem } from './problem.js';
import { requireVisible } from './require-visible.js';
import { STAGES, type Stage } from './stages.js';

/** How a class of features asks for consent, from least to most strict. */
export const CONSENT_MODELS = ['not_required', 'opt_out', 'opt_in'] as const;
export type ConsentModel = (typeof CONSENT_MODELS)[number];

const PRIORITIES = ['P0', 'P1', 'P2'] as const;
export type Priority = (typeof PRIORITIES)[number];

const FALLBACKS = ['queue', 'hide', 'ask', 'flag'] as const;
export type Fallback = (typeof FALLBACKS)[number];

export const DEFAULT_UNAVAILABLE_MESSAGE =
  'This feature is temporarily unavailable. Please try again later or contact support.';

/** The parsed parameters of `aiAccess`. */
export interface AccessPolicy {
  readonly featureClass: string;
  readonly consent: ConsentModel;
  readonly consentVersion: number | undefined;
  readonly userOptIn: ReadonlySet<string>;
  readonly minTier: string | undefined;
  readonly upgradeUrl: string | undefined;
  readonly exclude: ReadonlySet<string>;
  readonly forceOn: ReadonlySet<string>;
  readonly forceOff: ReadonlySet<string>;
  readonly maxMode: Mode;
  readonly maxCalibrationError: number;
  readonly priority: Priority;
  readonly unavailableMessage: string;
}

/** The parsed parameters of one `aiStage` rule. */
export interface StagePolicy {
  readonly stage: Stage;
  readonly tenants: ReadonlySet<string>;
  readonly tiers: ReadonlySet<string>;
  readonly regions: ReadonlySet<string>;
  /** 0..100 */
  readonly rollout: number;
  /** The context field that is hashed; `tenantId` unless another is named. */
  readonly stickiness: string;
  readonly groupId: string;
  readonly mode: Mode;
  readonly bands: Bands;
  readonly fallback: Fallback;
  readonly disclosure: string | undefined;
  readonly maxComplexity: number | undefined;
  /** Percent, 0..100. */
  readonly humanReview: number;
  /** Percent, 0..100. */
  readonly shadowSample: number;
  readonly maxPerHour: number | undefined;
  readonly consentVersion: number | undefined;
  readonly forceOn: ReadonlySet<string>;
  readonly forceOff: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

const number = (least: number, most: number, shape: RegExp = /^[+-]?(\d+\.?\d*|\.\d+)$/) => {
  const fix = `use a ${shape === WHOLE ? 'whole number' : 'number'} from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ' up'}`;
  return z.string().regex(shape, fix).transform(Number).pipe(z.number().min(least, fix).max(most, fix));
};
const WHOLE = /^\d+$/;
const fraction = number(0, 1);
const percent = number(0, 100);
const whole = (least: number) => number(least, Number.MAX_SAFE_INTEGER, WHOLE);

const list = z
  .string()
  .transform(
    (text) =>
      new Set(
        text
          .split(',')
          .map((entry) => entry.trim())
          .filter((entry) => entry !== ''),
      ),
  )
  .refine((entries) => entries.size > 0, 'write at least one entry, separated by commas, or leave it empty');

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `use one of ${values.join(', ')}` });

const httpUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\//i.test(text) && URL.canParse(text),
    'use a whole address that starts with https:// or http://',
  );

/** A consent class. Lower case, because databases differ in whether `Copilot` and `copilot` are one. */
export const consentClass: z.ZodType<string> = z
  .string({ error: 'name the consent class, e.g. support_copilot' })
  .superRefine(requireVisible)
  .regex(/^[a-z0-9_.-]{1,64}$/, 'use lower-case letters, digits, _ - and . only, 64 at most');

const accessSchema = z.object({
  featureClass: consentClass,
  consent: oneOf(CONSENT_MODELS).default('opt_in'),
  consentVersion: whole(0).optional(),
  userOptIn: list.default(NONE as Set<string>),
  minTier: z.string().optional(),
  upgradeUrl: httpUrl.optional(),
  exclude: list.default(NONE as Set<string>),
  forceOn: list.default(NONE as Set<string>),
  forceOff: list.default(NONE as Set<string>),
  maxMode: oneOf(MODES).default('autonomous'),
  maxCalibrationError: fraction.default(0.05),
  priority: oneOf(PRIORITIES).default('P2'),
  unavailableMessage: z.string().default(DEFAULT_UNAVAILABLE_MESSAGE),
});

const stageSchema = z
  .object({
    stage: oneOf(STAGES),
    tenants: list.default(NONE as Set<string>),
    tiers: list.default(NONE as Set<string>),
    regions: list.default(NONE as Set<string>),
    rollout: percent.default(0),
    stickiness: z
      .string()
      .refine(
        (field) => field !== 'random',
        'name a context field such as userId; random gives a new answer on every call',
      )
      .transform((field) => (field === 'default' ? 'tenantId' : field))
      .default('tenantId'),
    groupId: z.string({ error: 'name the salt of the split: the name of the flag' }),
    mode: oneOf(MODES).default('suggestion'),
    autoAbove: fraction.default(DEFAULT_BANDS.autoAbove),
    confirmFrom: fraction.default(DEFAULT_BANDS.confirmFrom),
    reviewFrom: fraction.default(DEFAULT_BANDS.reviewFrom),
    fallback: oneOf(FALLBACKS).default('queue'),
    disclosure: z.string().optional(),
    maxComplexity: number(0, Number.MAX_SAFE_INTEGER).optional(),
    humanReview: percent.default(0),
    shadowSample: percent.default(100),
    maxPerHour: whole(0).optional(),
    consentVersion: whole(0).optional(),
    forceOn: list.default(NONE as Set<string>),
    forceOff: list.default(NONE as Set<string>),
  })
  .refine((rule) => rule.autoAbove >= rule.confirmFrom, {
    path: ['autoAbove'],
    error: 'must not be below confirmFrom',
  })
  .refine((rule) => rule.confirmFrom >= rule.reviewFrom, {
    path: ['confirmFrom'],
    error: 'must not be below reviewFrom',
  });

/** A parsed value, or what is wrong with it. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads the parameters of an `aiAccess` rule as Unleash sends them (strings, `""` when unset). */
export function parseAccess(flag: string, parameters: unknown, tiers: readonly string[]): Parsed<AccessPolicy> {
  const parsed = parse(flag, 'aiAccess', accessSchema, parameters);
  if (!parsed.ok) return parsed;
  const { minTier } = parsed.value;
  const problems =
    minTier === undefined || tiers.includes(minTier) ? [] : [offLadder(flag, 'aiAccess.minTier', minTier, tiers)];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: { ...ACCESS_UNSET, ...parsed.value } };
}

/** Reads the parameters of an `aiStage` rule as Unleash sends them (strings, `""` when unset). */
export function parseStage(flag: string, parameters: unknown, tiers: readonly string[]): Parsed<StagePolicy> {
  const parsed = parse(flag, 'aiStage', stageSchema, parameters);
  if (!parsed.ok) return parsed;
  const problems = [...parsed.value.tiers]
    .filter((tier) => !tiers.includes(tier))
    .map((tier) => offLadder(flag, 'aiStage.tiers', tier, tiers));
  if (problems.length > 0) return { ok: false, problems };
  const { autoAbove, confirmFrom, reviewFrom, ...rest } = parsed.value;
  const bands = Object.freeze({ autoAbove, confirmFrom, reviewFrom });
  return { ok: true, value: { ...STAGE_UNSET, ...rest, bands } };
}

// Every rule has the same fields in the same order, so that the engine sees one shape.
const ACCESS_UNSET = { consentVersion: undefined, minTier: undefined, upgradeUrl: undefined };
const STAGE_UNSET = {
  disclosure: undefined,
  maxComplexity: undefined,
  maxPerHour: undefined,
  consentVersion: undefined,
};

const offLadder = (flag: string, field: string, tier: string, tiers: readonly string[]): Problem =>
  problem(flag, field, tier, `use a tier of the ladder: ${tiers.join(', ')}`);

function parse<S extends z.ZodType>(
  flag: string,
  strategy: string,
  schema: S,
  parameters: unknown,
): Parsed<z.output<S>> {
  const given = parameters ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    return { ok: false, problems: [problem(flag, strategy, given, 'parameters must be an object of strings')] };
  }
  const set: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    const trimmed = typeof text === 'string' ? text.trim() : text;
    if (trimmed !== '' && trimmed !== null && trimmed !== undefined && name !== '__proto__') set[name] = trimmed;
  }
  const result = schema.safeParse(set);
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.map((issue) => {
    const field = String(issue.path[0] ?? '');
    return problem(flag, `${strategy}.${field}`, set[field], issue.message);
  });
  return { ok: false, problems };
}
