import type { FlagSnapshot } from '@rampart/core';
import type { AiAnswer, PlainAnswer } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import { AnswerCache } from '../decisions/answer-cache.js';
import { browserDecision, isPublic } from '../decisions/browser-decision.js';
import type { FeedbackTickets } from '../decisions/feedback-ticket.js';
import { isSamePlain } from '../decisions/same-answer.js';
import { feedbackFor } from '../ofrep/bulk-writer.js';
import { isHidden, isVisible } from '../ofrep/visible.js';

const OFF = { name: 'disabled', enabled: false, feature_enabled: false, featureEnabled: false };
const SHOWN_CLOSED: ReadonlySet<string> = new Set(['paywall', 'consent_required', 'unavailable']);

/** Writes toggles as Unleash's Frontend API sends them. */
export class ToggleWriter {
  readonly #tickets: FeedbackTickets;
  readonly #texts = new AnswerCache<string>();

  constructor(tickets: FeedbackTickets) {
    this.#tickets = tickets;
  }

  /** The whole answer: what is enabled, and AI features that say why they are not. */
  write(principal: Principal, snapshot: FlagSnapshot, answers: readonly (AiAnswer | PlainAnswer)[]): string {
    let toggles = '';
    for (const answer of answers) {
      if (answer.kind === 'plain' && !answer.enabled) continue;
      if (!isVisible(principal, snapshot, answer.name)) continue;
      const text =
        answer.kind === 'plain'
          ? this.#texts.once(snapshot, answer, isSamePlain, (plain) => plainToggle(snapshot, plain))
          : this.#ai(principal, snapshot, answer);
      if (text !== undefined) toggles = toggles === '' ? text : `${toggles},${text}`;
    }
    return `{"toggles":[${toggles}]}`;
  }

  #ai(principal: Principal, snapshot: FlagSnapshot, answer: AiAnswer): string | undefined {
    const { name, flagKind, decision } = answer;
    const { enabled } = decision;
    if (isHidden(answer, snapshot) || (!enabled && !SHOWN_CLOSED.has(decision.outcome))) return undefined;
    const feedback = flagKind === 'change' ? undefined : feedbackFor(principal, answer, this.#tickets);
    return JSON.stringify({
      name,
      enabled,
      variant: enabled ? aiVariant(answer) : OFF,
      impressionData: hasImpressions(snapshot, name),
      decision: browserDecision(decision, feedback),
    });
  }
}

function plainToggle(snapshot: FlagSnapshot, { name, variant }: PlainAnswer): string {
  const { enabled, payload } = variant;
  const shown = { name: variant.name, enabled, payload, feature_enabled: true, featureEnabled: true };
  return JSON.stringify({ name, enabled: true, variant: shown, impressionData: hasImpressions(snapshot, name) });
}

function hasImpressions(snapshot: FlagSnapshot, name: string): boolean {
  return snapshot.definition?.(name)?.['impressionData'] === true;
}

function aiVariant({ flagKind, decision, payload }: AiAnswer): object {
  const { variant, binding } = decision;
  const shown = isPublic(binding);
  const own = flagKind === 'gated' ? payload : { type: 'json', value: JSON.stringify(binding) };
  const name = variant ?? 'disabled';
  const enabled = variant !== undefined;
  return { name, enabled, payload: shown ? own : undefined, feature_enabled: true, featureEnabled: true };
}
