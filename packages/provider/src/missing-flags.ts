import type { Logger } from '@openfeature/server-sdk';
import { type AiNameKind, type Attributes, aiNameKind, type Decision, type FlagSource } from '@rampart/core';
import type { AiAnswer } from './answer.js';
import type { InputReader } from './inputs.js';
import { type MissingDetail, missingDecision } from './other-decisions.js';

/** Names may come from untrusted input, so the log of missing ones is bounded. */
const MAX_LOGGED_NAMES = 100;
/** Unleash's own limit of a flag name. */
const MAX_NAME_LENGTH = 100;

/** Options of {@link MissingFlags}. */
export interface MissingFlagsOptions {
  readonly flags: FlagSource;
  readonly inputs: Pick<InputReader, 'subject'>;
  readonly logger: Logger;
  /** Whether the flags are older than `staleAfterMs` allows, or from a backup. */
  readonly isStale: () => boolean;
}

/** Evaluates missing AI flags: closed, without an error code. Logs each name once. */
export class MissingFlags {
  readonly #options: MissingFlagsOptions;
  readonly #logged = new Set<string>();

  constructor(options: MissingFlagsOptions) {
    this.#options = options;
  }

  /**
   * The kind of a missing flag: from a snapshot that may not be served, from the flag source, or from its name; undefined for an
   * ordinary flag.
   */
  kindOf(name: string): AiNameKind | undefined {
    const { flags } = this.#options;
    const kind = flags.snapshot().flag(name)?.kind;
    if (kind === 'gated') return 'gated';
    if (kind === 'feature' || kind === 'change') return 'ai';
    return flags.missingKind === undefined ? aiNameKind(name) : flags.missingKind(name);
  }

  /** The evaluation of a missing AI flag; undefined for an ordinary flag. */
  answer(name: string, context: Attributes, detail: MissingDetail): AiAnswer | undefined {
    const kind = this.kindOf(name);
    if (kind === undefined) return undefined;
    const flagKind = kind === 'gated' ? 'gated' : 'missing';
    const reason = detail === 'not_found' && this.#options.isStale() ? 'STALE' : 'DISABLED';
    const subject = this.#options.inputs.subject(context);
    return { kind: 'ai', name, flagKind, decision: this.decision(name, detail), reason, payload: undefined, subject };
  }

  /** The decision on a missing AI flag: closed. */
  decision(name: string, detail: MissingDetail): Decision {
    if (detail === 'not_found') this.#warn(name);
    return missingDecision(detail);
  }

  #warn(name: string): void {
    if (this.#logged.size >= MAX_LOGGED_NAMES || this.#logged.has(name)) return;
    this.#logged.add(name);
    const quoted = JSON.stringify(name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name);
    this.#options.logger.warn(
      `rampart: there is no flag ${quoted}: it is closed; create it, or correct the name in the code`,
    );
    if (this.#logged.size === MAX_LOGGED_NAMES)
      this.#options.logger.warn(
        `rampart: ${MAX_LOGGED_NAMES} missing flags were evaluated; further names are not logged`,
      );
  }
}
