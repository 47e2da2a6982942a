import type { Logger } from '@openfeature/server-sdk';
import { describeProblem, type FlagSnapshot, type Problem } from '@rampart/core';

/** Beyond this many different lines the log forgets what it said. */
const MOST_LINES = 1_000;

/** Says each thing once. */
export class ProblemLog {
  readonly #logger: Logger;
  readonly #said = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Warns of a problem with a flag, the first time it is seen. */
  problem(found: Problem): void {
    this.warn(describeProblem(found));
  }

  /** Warns of every problem in a snapshot: of those that were found before anybody listened, too. */
  problemsOf(snapshot: FlagSnapshot): void {
    for (const name of snapshot.names()) {
      const flag = snapshot.flag(name);
      if (flag === undefined || flag.kind === 'plain') continue;
      for (const found of flag.problems) this.problem(found);
      if (flag.kind !== 'change') continue;
      for (const { variants } of flag.rules)
        for (const { problem } of variants) if (problem !== undefined) this.problem(problem);
    }
  }

  warn(line: string): void {
    if (this.#said.has(line)) return;
    if (this.#said.size >= MOST_LINES) this.#said.clear();
    this.#said.add(line);
    this.#logger.warn(`rampart: ${line}`);
  }
}
