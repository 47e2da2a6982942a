import type { z } from 'zod';
import type { FlagDelta, rowSchema } from './row.js';

type WrittenRow = z.input<typeof rowSchema>;

/** One thing that closes one gate, written so that any two can be said in one row. */
interface Closer {
  readonly gate: WrittenRow['expect']['gate'];
  readonly how: string;
  readonly detail: string;
  readonly feature?: Pick<FlagDelta, 'parameters'>;
  readonly change?: Omit<FlagDelta, 'rules'>;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly control?: NonNullable<WrittenRow['also']>;
  /** What is shown where this alone closes: lifted, the gate behind it is named. */
  readonly liftable?: 'paywall' | 'consent_required';
}

const opted = (state: 'opt_in' | 'opt_out') =>
  ({ kind: 'consent', tenant: 'acme', featureClass: 'support_copilot', consent: { state } }) as const;

/** In the order of DESIGN section 3; `config` stands behind flag and kill, which need no rule that can be read. */
const CLOSERS: readonly Closer[] = [
  {
    gate: 'kill',
    how: 'killed',
    detail: 'k1',
    control: [{ kind: 'kill', kill: { id: 'k1', scope: { all: true }, reason: 'incident 7' } }],
  },
  { gate: 'flag', how: 'switched off', detail: 'off', change: { enabled: false } },
  { gate: 'config', how: 'malformed', detail: 'aiStage.fallback', change: { parameters: { fallback: 'retry' } } },
  { gate: 'force_off', how: 'forced off', detail: 'feature', feature: { parameters: { forceOff: 'acme' } } },
  {
    gate: 'exclusion',
    how: 'excluded',
    detail: 'hipaa',
    feature: { parameters: { exclude: 'hipaa' } },
    context: { labels: ['hipaa'] },
  },
  { gate: 'consent', how: 'opted out', detail: 'opted_out', control: [opted('opt_out')] },
  { gate: 'consent', how: 'consent unset', detail: 'unset', control: [], liftable: 'consent_required' },
  {
    gate: 'targeting',
    how: 'constraint',
    detail: 'change',
    change: { constraints: [{ contextName: 'plan', operator: 'IN', values: ['x'] }] },
  },
  {
    gate: 'tier',
    how: 'off the ladder',
    detail: 'unknown_tier',
    feature: { parameters: { minTier: 'enterprise' } },
    context: { tier: 'gold' },
  },
  {
    gate: 'tier',
    how: 'below the tier',
    detail: 'tier_too_low',
    feature: { parameters: { minTier: 'enterprise' } },
    liftable: 'paywall',
  },
  { gate: 'stage', how: 'outside the stage', detail: 'internal', change: { parameters: { stage: 'internal' } } },
  { gate: 'region', how: 'wrong region', detail: 'not_listed', change: { parameters: { regions: 'us' } } },
  {
    gate: 'task',
    how: 'too complex',
    detail: 'too_complex',
    change: { parameters: { maxComplexity: '1' } },
    context: { complexity: 2 },
  },
  { gate: 'rollout', how: 'outside the percentage', detail: 'outside', change: { parameters: { rollout: '1' } } },
  { gate: 'mode', how: 'shadow', detail: 'shadow', change: { parameters: { mode: 'shadow' } } },
];

/** Every two gates closed together, as rows. */
export function pairRows(): readonly WrittenRow[] {
  return CLOSERS.flatMap((first, index) =>
    CLOSERS.slice(index + 1)
      .filter((second) => first.gate !== second.gate)
      .map((second) => pairRow(first, second)),
  );
}

function pairRow(first: Closer, second: Closer): WrittenRow {
  const consents = [first, second].some((closer) => closer.gate === 'consent');
  const control = [...(consents ? [] : [opted('opt_in')]), ...(first.control ?? []), ...(second.control ?? [])];
  return {
    name: `${first.gate} and ${second.gate}: ${first.how}, ${second.how}`,
    flags: { feature: merged(first.feature, second.feature), change: merged(first.change, second.change) },
    context: { ...first.context, ...second.context },
    control,
    expect: expected(first, second),
  };
}

function merged(first: FlagDelta = {}, second: FlagDelta = {}): FlagDelta {
  return { ...first, ...second, parameters: { ...first.parameters, ...second.parameters } };
}

function expected(first: Closer, second: Closer): WrittenRow['expect'] {
  // Consent first and a tier behind it: paying would be asked for next, and then all is open.
  const asked = first.liftable !== undefined && second.liftable !== undefined;
  const named = first.liftable === undefined || asked ? first : second;
  const malformed = [first, second].some((closer) => closer.gate === 'config');
  return {
    outcome: outcomeOf(named, asked),
    enabled: false,
    gate: named.gate,
    detail: named.detail,
    reason: reasonOf(named),
    ...(malformed && { problem: { flag: 'ai.copilot.v1', field: 'aiStage.fallback', value: 'retry' } }),
  };
}

function outcomeOf({ gate, liftable }: Closer, asked: boolean): WrittenRow['expect']['outcome'] {
  if (gate === 'kill') return 'unavailable';
  return asked && liftable !== undefined ? liftable : 'off';
}

function reasonOf({ gate }: Closer): WrittenRow['expect']['reason'] {
  if (gate === 'kill' || gate === 'flag') return 'DISABLED';
  return gate === 'rollout' ? 'SPLIT' : 'TARGETING_MATCH';
}
