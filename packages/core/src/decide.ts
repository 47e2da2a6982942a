import { answer, NO_SHADOW, notDecided, shadowRun } from './answer.js';
import type { ControlView } from './control.js';
import { GATES, type ShadowRun } from './decision.js';
import type { ChangeFlag, Evaluation, FeatureFlag, Flag, FlagSnapshot, GatedFlag } from './flag.js';
import { NOT_LAUNCHED, type Question, questionOf } from './gates.js';
import { takesOverFrom } from './replacement.js';
import { DEFAULT_TIERS, STAGES } from './stages.js';
import type { Subject } from './subject.js';
import { HELD_OUT, judge, lift, type OpenRule, type Verdict } from './verdict.js';

/** What every evaluation shares. */
export interface DecideSettings {
  /** The tier ladder, lowest first. */
  readonly tiers: readonly string[];
}

export const DEFAULT_SETTINGS: DecideSettings = Object.freeze({ tiers: DEFAULT_TIERS });

/** Remembers verdicts on changes while many flags are decided for one subject at one moment. */
export type VerdictMemo = Map<ChangeFlag, Verdict>;

/**
 * Decides an AI flag for a subject. Asked of a feature, the answer is that of its open change at the earliest stage (of several at
 * one stage the one that replaces the others, then the first by name);
 * asked of a change, that change's; asked of a gated flag, its feature's gates 1 to 7.
 *
 * @param snapshot all flags at one moment
 * @param name the flag that is asked; a missing or plain one answers `off` at gate `flag`
 * @param control undefined where nothing fresh enough is known: closed
 */
export function decide(
  snapshot: FlagSnapshot,
  name: string,
  subject: Subject,
  control: ControlView | undefined,
  settings: DecideSettings = DEFAULT_SETTINGS,
  memo?: VerdictMemo,
): Evaluation {
  const given = snapshot.given?.(name, subject);
  if (given !== undefined) return given;
  const flag = snapshot.flag(name);
  if (flag === undefined || flag.kind === 'plain')
    return notDecided(flag === undefined ? 'not_found' : 'plain', control);
  const feature = featureOf(snapshot, flag);
  const question = questionOf(feature, subject, control, settings);
  if (flag.kind === 'change') return answer(question, flag.revision, judgeChange(question, flag, memo));
  if (flag.kind === 'gated') return answer(question, flag.revision, judgeGated(question, flag));
  const changes = snapshot.changesOf(flag.name);
  return changes.length === 0
    ? answer(question, flag.revision, judge(question))
    : answerFeature(question, changes, memo);
}

/** Asks a feature's own gates 1 to 7 alone, whatever changes it has. */
export function decideFeature(
  feature: FeatureFlag,
  subject: Subject,
  control: ControlView | undefined,
  settings: DecideSettings = DEFAULT_SETTINGS,
): Evaluation {
  const question = questionOf(feature, subject, control, settings);
  return answer(question, feature.revision, judge(question));
}

/** The feature of a flag. One that can't be read, or whose feature can't be, gets a feature that is closed for that. */
export function featureOf(snapshot: FlagSnapshot, flag: Exclude<Flag, { kind: 'plain' }>): FeatureFlag {
  if (flag.kind === 'feature') return flag;
  const feature = flag.feature === undefined ? undefined : snapshot.flag(flag.feature);
  const known = feature?.kind === 'feature' ? feature : undefined;
  if (known !== undefined && (flag.kind === 'change' || flag.problems.length === 0)) return known;
  const base = known ?? { name: flag.feature ?? flag.name, enabled: true, launched: true, revision: '' };
  const { name, enabled, launched, revision } = base;
  const unreadable = { access: undefined, targeting: undefined, problems: flag.problems };
  return { kind: 'feature', name, enabled, launched, ...unreadable, revision };
}

function judgeGated(question: Question, flag: GatedFlag): Verdict {
  const verdict = judge(question);
  const killed = verdict.type === 'closed' && verdict.closed.gate === 'kill' && !verdict.lifted;
  if (flag.enabled || killed) return verdict;
  return { type: 'closed', closed: { gate: 'flag', detail: 'off' }, change: undefined, split: false, lifted: false };
}

function judgeChange(question: Question, change: ChangeFlag, memo: VerdictMemo | undefined): Verdict {
  const known = memo?.get(change);
  if (known !== undefined) return known;
  const verdict = judge({ ...question, change });
  memo?.set(change, verdict);
  return verdict;
}

function answerFeature(question: Question, changes: readonly ChangeFlag[], memo: VerdictMemo | undefined): Evaluation {
  // A kill of one change doesn't tell customers that a feature they never had is unavailable.
  if (!question.feature.launched) {
    const verdict = judge(question);
    if (verdict.type === 'closed' && verdict.closed === NOT_LAUNCHED)
      return answer(question, question.feature.revision, verdict);
  }
  let best: Verdict | undefined;
  let shadow: ShadowRun[] | undefined;
  for (const change of changes) {
    const verdict = judgeChange(question, change, memo);
    if (verdict.type === 'shadow') {
      const run = shadowRun(verdict, question.subject);
      if (run !== undefined) (shadow ??= []).push(run);
    }
    if (best === undefined || goesBefore(verdict, best, changes)) best = verdict;
  }
  const chosen = best === undefined ? judge(question) : unlessHeldOut(question, changes, best);
  return answer(question, revisionOf(chosen, question.feature), chosen, shadow ?? NO_SHADOW);
}

// Once paid or agreed, another change may come first and hold the subject out: then there is nothing to advertise.
function unlessHeldOut(question: Question, changes: readonly ChangeFlag[], best: Verdict): Verdict {
  if (changes.length < 2 || (best.type !== 'paywall' && best.type !== 'consent_required')) return best;
  const lifted = lift(question, best.type);
  const verdicts = changes.map((change) => judge({ ...lifted, change }));
  const then = verdicts.reduce((first, verdict) => (goesBefore(verdict, first, changes) ? verdict : first));
  if (then.type === 'holdout')
    return { type: 'closed', closed: HELD_OUT, change: then.change, split: true, lifted: true };
  const next = unlessHeldOut(lifted, changes, then);
  return next.type === 'closed' ? next : best;
}

// Of two changes open at one stage the one that replaces the other answers. Otherwise the first by name stays.
function goesBefore(verdict: Verdict, best: Verdict, changes: readonly ChangeFlag[]): boolean {
  const difference = precedence(verdict) - precedence(best);
  if (difference !== 0) return difference < 0;
  return isAnswer(verdict) && isAnswer(best) && takesOverFrom(verdict.change, best.change, changes);
}

const isAnswer = (verdict: Verdict): verdict is OpenRule => verdict.type === 'open' || verdict.type === 'holdout';

function revisionOf(verdict: Verdict, feature: FeatureFlag): string {
  return verdict.type === 'feature' || verdict.change === undefined ? feature.revision : verdict.change.revision;
}

// The open change at the earliest stage, then what would open by paying or consenting, then shadow, then the furthest gate.
function precedence(verdict: Verdict): number {
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
