import type { ControlView } from './control.js';
import { GATES, type ShadowRun } from './decision.js';
import { NO_SHADOW, shadowRun, toEvaluation, undecidedEvaluation } from './evaluation.js';
import type { ChangeFlag, Evaluation, FeatureFlag, Flag, FlagSnapshot, GatedFlag } from './flag.js';
import { type GateInput, NOT_LAUNCHED, toGateInput } from './gates.js';
import { takesOverFrom } from './replacement.js';
import { DEFAULT_TIERS, STAGES } from './stages.js';
import type { Subject } from './subject.js';
import { CLOSED_BY_HOLDOUT, evaluateGates, type OpenRule, type Verdict, withoutObstacle } from './verdict.js';

/** Settings of all evaluations. */
export interface DecideSettings {
  /** The tier ladder, lowest first. */
  readonly tiers: readonly string[];
}

export const DEFAULT_SETTINGS: DecideSettings = Object.freeze({ tiers: DEFAULT_TIERS });

/** Verdicts on changes, for the evaluation of many flags for one subject at one moment. */
export type VerdictMemo = Map<ChangeFlag, Verdict>;

/**
 * Decides an AI flag for a subject. The decision on a feature is that of its open change at the earliest stage (of several at
 * one stage, the one that replaces the others, then the first by name). The decision on a change is its own. The decision on a
 * gated flag is that of its feature's gates 1 to 7.
 *
 * @param snapshot all flags at one moment
 * @param name the flag; a missing or plain one is `off` at gate `flag`
 * @param control undefined without a fresh enough state: closed
 */
export function decide(
  snapshot: FlagSnapshot,
  name: string,
  subject: Subject,
  control: ControlView | undefined,
  settings: DecideSettings = DEFAULT_SETTINGS,
  memo?: VerdictMemo,
): Evaluation {
  const fixed = snapshot.fixedEvaluation?.(name, subject);
  if (fixed !== undefined) return fixed;
  const flag = snapshot.flag(name);
  if (flag === undefined || flag.kind === 'plain')
    return undecidedEvaluation(flag === undefined ? 'not_found' : 'plain', control);
  const feature = featureOf(snapshot, flag);
  const input = toGateInput(feature, subject, control, settings);
  if (flag.kind === 'change') return toEvaluation(input, flag.revision, evaluateChange(input, flag, memo));
  if (flag.kind === 'gated') return toEvaluation(input, flag.revision, evaluateGatedFlag(input, flag));
  const changes = snapshot.changesOf(flag.name);
  return changes.length === 0
    ? toEvaluation(input, flag.revision, evaluateGates(input))
    : evaluateFeature(input, changes, memo);
}

/** Evaluates a feature's own gates 1 to 7, without its changes. */
export function decideFeature(
  feature: FeatureFlag,
  subject: Subject,
  control: ControlView | undefined,
  settings: DecideSettings = DEFAULT_SETTINGS,
): Evaluation {
  const input = toGateInput(feature, subject, control, settings);
  return toEvaluation(input, feature.revision, evaluateGates(input));
}

/** The feature of a flag. An invalid flag, or one whose feature is invalid, gets a feature that is closed at gate `config`. */
export function featureOf(snapshot: FlagSnapshot, flag: Exclude<Flag, { kind: 'plain' }>): FeatureFlag {
  if (flag.kind === 'feature') return flag;
  const feature = flag.feature === undefined ? undefined : snapshot.flag(flag.feature);
  const parent = feature?.kind === 'feature' ? feature : undefined;
  if (parent !== undefined && (flag.kind === 'change' || flag.problems.length === 0)) return parent;
  const base = parent ?? { name: flag.feature ?? flag.name, enabled: true, launched: true, revision: '' };
  const { name, enabled, launched, revision } = base;
  const unreadable = { access: undefined, targeting: undefined, problems: flag.problems };
  return { kind: 'feature', name, enabled, launched, ...unreadable, revision };
}

function evaluateGatedFlag(input: GateInput, flag: GatedFlag): Verdict {
  const verdict = evaluateGates(input);
  const killed = verdict.type === 'closed' && verdict.closed.gate === 'kill' && !verdict.isSecondary;
  if (flag.enabled || killed) return verdict;
  return {
    type: 'closed',
    closed: { gate: 'flag', detail: 'off' },
    change: undefined,
    split: false,
    isSecondary: false,
  };
}

function evaluateChange(input: GateInput, change: ChangeFlag, memo: VerdictMemo | undefined): Verdict {
  const cached = memo?.get(change);
  if (cached !== undefined) return cached;
  const verdict = evaluateGates({ ...input, change });
  memo?.set(change, verdict);
  return verdict;
}

function evaluateFeature(input: GateInput, changes: readonly ChangeFlag[], memo: VerdictMemo | undefined): Evaluation {
  // A feature that customers never had is not "unavailable", also while one of its changes is killed.
  if (!input.feature.launched) {
    const verdict = evaluateGates(input);
    if (verdict.type === 'closed' && verdict.closed === NOT_LAUNCHED)
      return toEvaluation(input, input.feature.revision, verdict);
  }
  let best: Verdict | undefined;
  let shadow: ShadowRun[] | undefined;
  for (const change of changes) {
    const verdict = evaluateChange(input, change, memo);
    if (verdict.type === 'shadow') {
      const run = shadowRun(verdict, input.subject);
      if (run !== undefined) (shadow ??= []).push(run);
    }
    if (best === undefined || precedes(verdict, best, changes)) best = verdict;
  }
  const chosen = best === undefined ? evaluateGates(input) : applyHoldout(input, changes, best);
  return toEvaluation(input, revisionOf(chosen, input.feature), chosen, shadow ?? NO_SHADOW);
}

// With the tier or the consent, another change may come first and hold the subject out: then there is nothing to offer.
function applyHoldout(input: GateInput, changes: readonly ChangeFlag[], best: Verdict): Verdict {
  if (changes.length < 2 || (best.type !== 'paywall' && best.type !== 'consent_required')) return best;
  const unblocked = withoutObstacle(input, best.type);
  const verdicts = changes.map((change) => evaluateGates({ ...unblocked, change }));
  const winner = verdicts.reduce((first, verdict) => (precedes(verdict, first, changes) ? verdict : first));
  if (winner.type === 'holdout')
    return { type: 'closed', closed: CLOSED_BY_HOLDOUT, change: winner.change, split: true, isSecondary: true };
  const next = applyHoldout(unblocked, changes, winner);
  return next.type === 'closed' ? next : best;
}

// Of two changes open at one stage, the one that replaces the other wins; otherwise the first by name.
function precedes(verdict: Verdict, best: Verdict, changes: readonly ChangeFlag[]): boolean {
  const difference = verdictRank(verdict) - verdictRank(best);
  if (difference !== 0) return difference < 0;
  return isAnswer(verdict) && isAnswer(best) && takesOverFrom(verdict.change, best.change, changes);
}

const isAnswer = (verdict: Verdict): verdict is OpenRule => verdict.type === 'open' || verdict.type === 'holdout';

function revisionOf(verdict: Verdict, feature: FeatureFlag): string {
  return verdict.type === 'feature' || verdict.change === undefined ? feature.revision : verdict.change.revision;
}

// Lower wins: open changes by stage, then a missing consent or tier, then shadow, then closed changes, the last gate first.
function verdictRank(verdict: Verdict): number {
  switch (verdict.type) {
    case 'open':
    case 'holdout':
      return STAGES.indexOf(verdict.rule.policy.stage);
    case 'feature':
      return 5;
    case 'consent_required':
    case 'paywall':
      return 6;
    case 'shadow':
      return 7;
    case 'closed':
      return 7 + GATES.length - GATES.indexOf(verdict.closed.gate);
  }
}
