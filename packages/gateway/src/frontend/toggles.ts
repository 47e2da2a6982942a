import type { FlagSnapshot, PlainVariant } from '@rampart/core';
import type { AiAnswer, PlainAnswer } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import { browserDecision, isPublic } from '../decisions/browser-decision.js';
import type { FeedbackTickets } from '../decisions/feedback-ticket.js';
import { feedbackFor, hasSamePayload } from '../ofrep/bulk-writer.js';
import { isVisible } from '../ofrep/visible.js';

/** What of a flag's toggle is the same for everyone, by variant. */
interface Written {
  readonly head: string;
  readonly tail: string;
  readonly variants: Map<string, { readonly variant: PlainVariant; readonly text: string }>;
}

/** Variants whose text is kept; a flag has a handful. */
const MOST_VARIANTS = 64;
const OFF = '{"name":"disabled","enabled":false,"feature_enabled":false,"featureEnabled":false}';
const SHOWN_CLOSED: ReadonlySet<string> = new Set(['paywall', 'consent_required', 'unavailable']);

/** Writes toggles as Unleash's Frontend API sends them. The text of a flag's answer is made once for each variant. */
export class ToggleWriter {
  readonly #tickets: FeedbackTickets;
  #snapshot: FlagSnapshot | undefined;
  #written = new Map<string, Written>();

  constructor(tickets: FeedbackTickets) {
    this.#tickets = tickets;
  }

  /** The whole answer: what is enabled, and AI features that say why they are not. */
  write(principal: Principal, snapshot: FlagSnapshot, answers: readonly (AiAnswer | PlainAnswer)[]): string {
    this.#follow(snapshot);
    let toggles = '';
    for (const answer of answers) {
      if (answer.kind === 'plain' && !answer.enabled) continue;
      if (!isVisible(principal, snapshot, answer.name)) continue;
      const text = answer.kind === 'plain' ? this.#plain(answer) : this.#ai(principal, answer);
      if (text !== undefined) toggles = toggles === '' ? text : `${toggles},${text}`;
    }
    return `{"toggles":[${toggles}]}`;
  }

  #plain({ name, variant }: PlainAnswer): string {
    const written = this.#of(name);
    return written.head + variantText(written, variant) + written.tail;
  }

  #ai(principal: Principal, answer: AiAnswer): string | undefined {
    const { name, flagKind, decision } = answer;
    const { enabled } = decision;
    if (!enabled && (flagKind === 'change' || !SHOWN_CLOSED.has(decision.outcome))) return undefined;
    const feedback = flagKind === 'change' ? undefined : feedbackFor(principal, answer, this.#tickets);
    const shown = JSON.stringify(browserDecision(decision, feedback));
    const { head, tail } = this.#of(name);
    if (!enabled)
      return `{"name":${JSON.stringify(name)},"enabled":false,"variant":${OFF}${tail.slice(0, -1)},"decision":${shown}}`;
    return `${head}${aiVariant(answer)}${tail.slice(0, -1)},"decision":${shown}}`;
  }

  #of(name: string): Written {
    let written = this.#written.get(name);
    if (written === undefined) {
      const impressions = this.#snapshot?.definition?.(name)?.['impressionData'] === true;
      const head = `{"name":${JSON.stringify(name)},"enabled":true,"variant":`;
      written = { head, tail: `,"impressionData":${impressions}}`, variants: new Map() };
      this.#written.set(name, written);
    }
    return written;
  }

  #follow(snapshot: FlagSnapshot): void {
    if (this.#snapshot === snapshot) return;
    this.#snapshot = snapshot;
    this.#written = new Map();
  }
}

// Two rules of one flag may give one variant name different payloads.
function variantText({ variants }: Written, variant: PlainVariant): string {
  const { name, enabled, payload } = variant;
  const known = variants.get(name);
  if (known !== undefined && hasSamePayload(known.variant, variant)) return known.text;
  const text = JSON.stringify({ name, enabled, payload, feature_enabled: true, featureEnabled: true });
  if (variants.size < MOST_VARIANTS) variants.set(name, { variant, text });
  return text;
}

function aiVariant({ flagKind, decision, payload }: AiAnswer): string {
  const { variant, binding } = decision;
  const shown = isPublic(binding);
  const own = flagKind === 'gated' ? payload : { type: 'json', value: JSON.stringify(binding) };
  const name = variant ?? 'disabled';
  const enabled = variant !== undefined;
  return JSON.stringify({
    name,
    enabled,
    payload: shown ? own : undefined,
    feature_enabled: true,
    featureEnabled: true,
  });
}
