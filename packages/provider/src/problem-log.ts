import type { Logger } from '@openfeature/server-sdk';
import { describeProblem, type FlagSnapshot, type Problem } from '@rampart/core';

/** Beyond this number the log starts over, and may repeat a line. */
const MAX_LOGGED = 1_000;

/** Logs each line once. */
export class ProblemLog {
  readonly #logger: Logger;
  readonly #logged = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  logProblem(problem: Problem): void {
    this.warn(describeProblem(problem));
  }

  /** Logs every problem in a snapshot, including those reported before the subscription. */
  logProblemsOf(snapshot: FlagSnapshot): void {
    for (const name of snapshot.names()) {
      const flag = snapshot.flag(name);
      if (flag === undefined || flag.kind === 'plain') continue;
      for (const problem of flag.problems) this.logProblem(problem);
      if (flag.kind !== 'change') continue;
      for (const { variants } of flag.rules)
        for (const { problem } of variants) if (problem !== undefined) this.logProblem(problem);
    }
  }

  warn(line: string): void {
    if (this.#logged.has(line)) return;
    if (this.#logged.size >= MAX_LOGGED) this.#logged.clear();
    this.#logged.add(line);
    this.#logger.warn(`rampart: ${line}`);
  }
}
