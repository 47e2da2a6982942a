import type { FeedState } from './flag-feed.js';
import { isAi, type Toggle } from './toggle.js';
import { NO_WEB_DECISION, readWebDecision, UNCONFIRMED, type WebDecision } from './web-decision.js';

/** What is known of one flag for the present subject. */
export type FlagAnswer =
  | { readonly kind: 'unlisted' }
  /** An AI flag that the gateway doesn't list for this subject, or of which it has said nothing yet. */
  | { readonly kind: 'closed'; readonly decision: WebDecision; readonly stale: boolean }
  /** Nothing has been heard of it for this subject. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'plain'; readonly toggle: Toggle; readonly stale: boolean }
  | { readonly kind: 'ai'; readonly toggle: Toggle; readonly decision: WebDecision; readonly stale: boolean };

export interface AnswerSettings {
  /** How the names of AI flags begin; empty: no name says so. */
  readonly prefix: string;
  /** In ms. */
  readonly closeAfter: number;
  readonly now: () => number;
}

/** The toggles that a client holds, and how far they are believed. */
export class FlagAnswers {
  readonly #settings: AnswerSettings;
  #toggles: ReadonlyMap<string, Toggle> = new Map();
  /** All that ever were AI, so that they are closed where nothing is known. */
  readonly #ai = new Map<string, Toggle>();
  #owner: string | undefined;

  constructor(settings: AnswerSettings) {
    this.#settings = settings;
  }

  /** @param owner undefined: nobody knows whose they are, as with a stored copy */
  replace(toggles: readonly Toggle[], owner: string | undefined): void {
    this.#toggles = new Map(toggles.map((toggle) => [toggle.name, toggle]));
    this.#owner = owner;
    for (const toggle of toggles) {
      if (isAi(toggle)) this.#ai.set(toggle.name, toggle);
      else this.#ai.delete(toggle.name);
    }
  }

  /** That they are this subject's has just been said. */
  confirm(owner: string): void {
    this.#owner = owner;
  }

  answer(flag: string, state: FeedState, owner: string): FlagAnswer {
    const confirmed = state.kind === 'confirmed';
    const own = confirmed || this.#owner === owner;
    const toggle = this.#toggles.get(flag) ?? (own ? undefined : this.#ai.get(flag));
    const stale = !confirmed || state.failure !== undefined;
    if (toggle !== undefined && isAi(toggle)) {
      return { kind: 'ai', toggle, decision: this.isCurrent(state) ? decisionOf(toggle) : UNCONFIRMED, stale };
    }
    if (this.#isKnownAi(flag))
      return { kind: 'closed', decision: this.isCurrent(state) ? NO_WEB_DECISION : UNCONFIRMED, stale };
    if (!own && (toggle === undefined || this.#owner !== undefined)) return { kind: 'unknown' };
    return toggle === undefined ? { kind: 'unlisted' } : { kind: 'plain', toggle, stale };
  }

  // A flag of such a name that comes without a decision doesn't come from the gateway.
  #isKnownAi(flag: string): boolean {
    const { prefix } = this.#settings;
    return this.#ai.has(flag) || (prefix !== '' && flag.startsWith(prefix));
  }

  /** Whether AI flags may be open: the answer is this subject's, and not too old. */
  isCurrent(state: FeedState): boolean {
    if (state.kind !== 'confirmed') return false;
    const age = this.#settings.now() - state.at;
    // A clock that was set back says nothing.
    return age >= 0 && age <= this.#settings.closeAfter;
  }

  /** Each flag's answer as text, to see later which have changed. */
  snapshot(state: FeedState, owner: string): ReadonlyMap<string, string> {
    const texts = new Map<string, string>();
    for (const flag of this.#toggles.keys()) {
      const answer = this.answer(flag, state, owner);
      if (answer.kind === 'plain' || answer.kind === 'ai') texts.set(flag, textOf(answer));
    }
    return texts;
  }
}

/** Flags that answer differently, in the order of their names. */
export function changedFlags(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}

function decisionOf(toggle: Toggle): WebDecision {
  const decision = readWebDecision(toggle.decision);
  return decision.enabled && !toggle.enabled ? UNCONFIRMED : decision;
}

/** Tickets and revisions are new with every answer, and change nothing that is shown. */
function textOf(answer: FlagAnswer & { readonly toggle: Toggle }): string {
  const { enabled, variant } = answer.toggle;
  if (answer.kind !== 'ai') return JSON.stringify([enabled, variant]);
  const { feedback: _feedback, consentRevision: _revision, ...shown } = answer.decision;
  return JSON.stringify([shown, answer.decision.enabled ? variant : undefined]);
}
