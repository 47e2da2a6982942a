import type { Decision } from '@rampart/sdk';
import { fakeModel } from './model.js';

/** How a change in shadow compares with the answers that were served. */
export interface ShadowCount {
  readonly runs: number;
  /** Runs that gave the very text that was served. */
  readonly same: number;
}

/** Runs the changes that a decision names for shadow, and counts how they compare. Nothing of it is shown to anybody. */
export class ShadowLog {
  readonly #counts = new Map<string, ShadowCount>();

  /** Call it when the answer is out, so that a slow or failing candidate can neither delay nor change it. */
  async run(decision: Decision, question: string, served: string | undefined): Promise<void> {
    for (const { change, binding } of decision.shadow) {
      const candidate = await fakeModel(question, binding);
      const { runs, same } = this.#counts.get(change) ?? { runs: 0, same: 0 };
      this.#counts.set(change, { runs: runs + 1, same: same + (candidate.text === served ? 1 : 0) });
    }
  }

  /** By change. */
  counts(): Readonly<Record<string, ShadowCount>> {
    return Object.fromEntries(this.#counts);
  }
}
