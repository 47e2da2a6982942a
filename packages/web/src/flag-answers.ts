import { isAi, type Toggle } from './toggle.js';
import type { Confirmation } from './toggle-state.js';
import { NO_WEB_DECISION, readWebDecision, UNCONFIRMED, type WebDecision } from './web-decision.js';

/** The evaluation of one flag for the current subject. */
export type FlagAnswer =
  | { readonly kind: 'unlisted' }
  /** An AI flag that the gateway doesn't list for this subject, or hasn't answered for yet. */
  | { readonly kind: 'closed'; readonly decision: WebDecision; readonly stale: boolean }
  /** The gateway hasn't answered for this subject yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'plain'; readonly toggle: Toggle; readonly stale: boolean }
  | { readonly kind: 'ai'; readonly toggle: Toggle; readonly decision: WebDecision; readonly stale: boolean };

export interface AnswerSettings {
  /** The prefix of AI flags' names; empty: names don't count. */
  readonly prefix: string;
  readonly closeAfterMs: number;
  readonly now: () => number;
}

/** The toggles of a client, and whether they are confirmed for the current subject. */
export class FlagAnswers {
  readonly #settings: AnswerSettings;
  #toggles: ReadonlyMap<string, Toggle> = new Map();
  /** Every flag that ever was AI, so that it is closed while unconfirmed. */
  readonly #ai = new Map<string, Toggle>();
  #owner: string | undefined;

  constructor(settings: AnswerSettings) {
    this.#settings = settings;
  }

  /** @param owner the key of the subject; undefined for a stored copy, whose subject is unknown */
  replace(toggles: readonly Toggle[], owner: string | undefined): void {
    this.#toggles = new Map(toggles.map((toggle) => [toggle.name, toggle]));
    this.#owner = owner;
    for (const toggle of toggles) {
      if (isAi(toggle)) this.#ai.set(toggle.name, toggle);
      else this.#ai.delete(toggle.name);
    }
  }

  /** The gateway has confirmed that the toggles are this subject's. */
  confirm(owner: string): void {
    this.#owner = owner;
  }

  answer(flag: string, confirmation: Confirmation, owner: string): FlagAnswer {
    const confirmed = confirmation.kind === 'confirmed';
    const own = confirmed || this.#owner === owner;
    const toggle = this.#toggles.get(flag) ?? (own ? undefined : this.#ai.get(flag));
    const stale = !confirmed || confirmation.failure !== undefined;
    if (toggle !== undefined && isAi(toggle)) {
      return { kind: 'ai', toggle, decision: this.isCurrent(confirmation) ? decisionOf(toggle) : UNCONFIRMED, stale };
    }
    if (this.#isKnownAi(flag))
      return { kind: 'closed', decision: this.isCurrent(confirmation) ? NO_WEB_DECISION : UNCONFIRMED, stale };
    if (!own && (toggle === undefined || this.#owner !== undefined)) return { kind: 'unknown' };
    return toggle === undefined ? { kind: 'unlisted' } : { kind: 'plain', toggle, stale };
  }

  // A flag with such a name but without a decision doesn't come from the gateway.
  #isKnownAi(flag: string): boolean {
    const { prefix } = this.#settings;
    return this.#ai.has(flag) || (prefix !== '' && flag.startsWith(prefix));
  }

  /** Whether AI flags may be open: the toggles are this subject's, and not older than `closeAfterMs`. */
  isCurrent(confirmation: Confirmation): boolean {
    if (confirmation.kind !== 'confirmed') return false;
    const age = this.#settings.now() - confirmation.at;
    // Negative after the clock was set back.
    return age >= 0 && age <= this.#settings.closeAfterMs;
  }

  /** Each flag's evaluation as text, to detect changes. */
  snapshot(confirmation: Confirmation, owner: string): ReadonlyMap<string, string> {
    const texts = new Map<string, string>();
    for (const flag of this.#toggles.keys()) {
      const answer = this.answer(flag, confirmation, owner);
      if (answer.kind === 'plain' || answer.kind === 'ai') texts.set(flag, textOf(answer));
    }
    return texts;
  }
}

/** The flags whose evaluation differs, sorted by name. */
export function changedFlags(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}

function decisionOf(toggle: Toggle): WebDecision {
  const decision = readWebDecision(toggle.decision);
  return decision.enabled && !toggle.enabled ? UNCONFIRMED : decision;
}

/** Omits tickets and revisions: they are new with every response and change no evaluation. */
function textOf(answer: FlagAnswer & { readonly toggle: Toggle }): string {
  const { enabled, variant } = answer.toggle;
  if (answer.kind !== 'ai') return JSON.stringify([enabled, variant]);
  const { feedback: _feedback, consentRevision: _revision, ...shown } = answer.decision;
  return JSON.stringify([shown, answer.decision.enabled ? variant : undefined]);
}
