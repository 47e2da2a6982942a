import type { Logger } from '@openfeature/server-sdk';
import { type AiNameKind, type Attributes, aiNameKind, type Decision, type FlagSource } from '@rampart/core';
import type { AiAnswer } from './answer.js';
import type { InputReader } from './inputs.js';
import { type MissingDetail, missingDecision } from './other-decisions.js';

/** Most missing names that are logged: names may come from outside, without end. */
const MAX_LOGGED_NAMES = 100;
/** Most characters of a name in the log; Unleash allows as many. */
const MAX_NAME_LENGTH = 100;

/** Options of {@link MissingFlags}. */
export interface MissingFlagsOptions {
  readonly flags: FlagSource;
  readonly inputs: Pick<InputReader, 'subject'>;
  readonly logger: Logger;
  /** Whether the flag data is older than promised. */
  readonly isStale: () => boolean;
}

/** Answers AI flags that are missing: closed, without an error code. The name of each is logged once. */
export class MissingFlags {
  readonly #options: MissingFlagsOptions;
  readonly #logged = new Set<string>();

  constructor(options: MissingFlagsOptions) {
    this.#options = options;
  }

  /**
   * What a missing flag is known to be: by a snapshot that may not be used, by what the source knows, or by its name. Undefined: an
   * ordinary flag.
   */
  kindOf(name: string): AiNameKind | undefined {
    const { flags } = this.#options;
    const kind = flags.snapshot().flag(name)?.kind;
    if (kind === 'gated') return 'gated';
    if (kind === 'feature' || kind === 'change') return 'ai';
    return flags.missingKind === undefined ? aiNameKind(name) : flags.missingKind(name);
  }

  /** The answer on a missing AI flag; undefined for an ordinary flag. */
  answer(name: string, context: Attributes, detail: MissingDetail): AiAnswer | undefined {
    const kind = this.kindOf(name);
    if (kind === undefined) return undefined;
    const flagKind = kind === 'gated' ? 'gated' : 'missing';
    const reason = detail === 'not_found' && this.#options.isStale() ? 'STALE' : 'DISABLED';
    const subject = this.#options.inputs.subject(context);
    return { kind: 'ai', name, flagKind, decision: this.decision(name, detail), reason, payload: undefined, subject };
  }

  /** The decision on a missing AI flag. */
  decision(name: string, detail: MissingDetail): Decision {
    if (detail === 'not_found') this.#warn(name);
    return missingDecision(detail);
  }

  #warn(name: string): void {
    if (this.#logged.size >= MAX_LOGGED_NAMES || this.#logged.has(name)) return;
    this.#logged.add(name);
    const shown = JSON.stringify(name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name);
    this.#options.logger.warn(
      `rampart: there is no flag ${shown}: it is closed; create it, or correct the name in the code`,
    );
    if (this.#logged.size === MAX_LOGGED_NAMES)
      this.#options.logger.warn(
        `rampart: ${MAX_LOGGED_NAMES} flags were asked that are missing; further names are not logged`,
      );
  }
}
