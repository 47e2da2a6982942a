import { z } from 'zod';
import { characterProblem, type EntryKind, foldFact, idText } from './list.js';
import { type Bands, DEFAULT_BANDS, MODES, type Mode } from './modes.js';
import { type Problem, problem } from './problem.js';
import { requireVisible } from './require-visible.js';
import { STAGES, type Stage } from './stages.js';
import { AI_ACCESS, AI_STAGE } from './strategy-definitions.js';
import { tierRank } from './tiers.js';

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
  /** Regions, lower case, or `all`. */
  readonly userOptIn: ReadonlySet<string>;
  /** As the tier ladder writes it. */
  readonly minTier: string | undefined;
  readonly upgradeUrl: string | undefined;
  /** Labels, lower case. */
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
  /** Lower case. */
  readonly tiers: ReadonlySet<string>;
  /** Lower case. */
  readonly regions: ReadonlySet<string>;
  /** 0..100 */
  readonly rollout: number;
  /** The context field that is hashed; `tenantId` unless another is named. */
  readonly stickiness: string;
  readonly groupId: string;
  /** Name of the change that this one takes over from. Undefined: none. */
  readonly replaces: string | undefined;
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

/** Entries separated by commas, ordinary spaces around each; empty ones are left out. Facts are kept in the form in which they compare. */
const listOf = (kind: EntryKind) =>
  z.string({ error: 'write text: entries separated by commas' }).transform((text, context) => {
    const entries = new Set<string>();
    for (const part of text.split(',')) {
      const entry = part.replace(SPACES_AROUND, '');
      const wrong = characterProblem(entry, kind);
      if (wrong !== undefined) {
        context.issues.push({ code: 'custom', message: wrong, input: text });
        return z.NEVER;
      }
      if (entry !== '') entries.add(kind === 'fact' ? foldFact(entry) : entry);
    }
    if (entries.size === 0) context.issues.push({ code: 'custom', message: NO_ENTRY, input: text });
    return entries;
  });
const SPACES_AROUND = /^ +| +$/g;
const NO_ENTRY = 'write at least one entry, separated by commas, or leave it empty';
const facts = listOf('fact');
const ids = listOf('id');

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
  userOptIn: facts.default(NONE as Set<string>),
  minTier: z.string().optional(),
  upgradeUrl: httpUrl.optional(),
  exclude: facts.default(NONE as Set<string>),
  forceOn: ids.default(NONE as Set<string>),
  forceOff: ids.default(NONE as Set<string>),
  maxMode: oneOf(MODES).default('autonomous'),
  maxCalibrationError: fraction.default(0.05),
  priority: oneOf(PRIORITIES).default('P2'),
  unavailableMessage: z.string().default(DEFAULT_UNAVAILABLE_MESSAGE),
});

const stageSchema = z
  .object({
    stage: oneOf(STAGES),
    tenants: ids.default(NONE as Set<string>),
    tiers: facts.default(NONE as Set<string>),
    regions: facts.default(NONE as Set<string>),
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
    replaces: z.string().optional(),
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
    forceOn: ids.default(NONE as Set<string>),
    forceOff: ids.default(NONE as Set<string>),
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
  const { minTier, ...rest } = parsed.value;
  if (minTier === undefined) return { ok: true, value: { ...ACCESS_UNSET, ...rest } };
  // As the ladder writes it: constraints and the paywall show that.
  const tier = tiers[tierRank(tiers, foldFact(minTier))];
  return tier === undefined
    ? { ok: false, problems: [unknownTier(flag, 'aiAccess.minTier', minTier, tiers)] }
    : { ok: true, value: { ...ACCESS_UNSET, ...rest, minTier: tier } };
}

/** Reads the parameters of an `aiStage` rule as Unleash sends them (strings, `""` when unset). */
export function parseStage(flag: string, parameters: unknown, tiers: readonly string[]): Parsed<StagePolicy> {
  const parsed = parse(flag, 'aiStage', stageSchema, parameters);
  if (!parsed.ok) return parsed;
  const problems = [...parsed.value.tiers]
    .filter((tier) => tierRank(tiers, tier) === -1)
    .map((tier) => unknownTier(flag, 'aiStage.tiers', tier, tiers));
  if (problems.length > 0) return { ok: false, problems };
  const { autoAbove, confirmFrom, reviewFrom, ...rest } = parsed.value;
  const bands = Object.freeze({ autoAbove, confirmFrom, reviewFrom });
  return { ok: true, value: { ...STAGE_UNSET, ...rest, bands } };
}

// Every rule has the same fields in the same order, so that the engine sees one shape.
const ACCESS_UNSET = { consentVersion: undefined, minTier: undefined, upgradeUrl: undefined };
const STAGE_UNSET = {
  replaces: undefined,
  disclosure: undefined,
  maxComplexity: undefined,
  maxPerHour: undefined,
  consentVersion: undefined,
};

function unknownTier(flag: string, field: string, tier: string, tiers: readonly string[]): Problem {
  const fix = `use a tier of the ladder: ${tiers.join(', ')}`;
  const character = characterProblem(tier, 'fact');
  return problem(flag, field, tier, character === undefined ? fix : `${character.replace(/: .*/s, '')}: ${fix}`);
}

function parse<S extends z.ZodType>(
  flag: string,
  strategy: string,
  schema: S,
  parameters: unknown,
): Parsed<z.output<S>> {
  const input = parameters ?? {};
  if (typeof input !== 'object' || Array.isArray(input)) {
    return { ok: false, problems: [problem(flag, strategy, input, 'parameters must be an object of strings')] };
  }
  const set: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    const text = LISTS.has(name) ? listText(value) : scalarText(value);
    if (text !== '' && text !== null && text !== undefined && name !== '__proto__') set[name] = text;
  }
  const result = schema.safeParse(set);
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.map((issue) => {
    const field = String(issue.path[0] ?? '');
    return problem(flag, `${strategy}.${field}`, set[field], issue.message);
  });
  return { ok: false, problems };
}

const LISTS: ReadonlySet<string> = new Set(
  [...AI_ACCESS.parameters, ...AI_STAGE.parameters].filter(({ type }) => type === 'list').map(({ name }) => name),
);

// A list keeps what surrounds it, apart from ordinary spaces: a line break there is no clean list either.
function listText(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(SPACES_AROUND, '') : (idText(value) ?? value);
}

function scalarText(value: unknown): unknown {
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
