import type { RuleEvaluator, Subject, Targeting, VariantDefinition } from '@rampart/core';
import { type Context, Strategy } from 'unleash-client';
import { subjectContext, type UnleashContext } from './context.js';

type Constraint = Parameters<Strategy['checkConstraint']>[0];
type Variants = NonNullable<Parameters<Strategy['getResult']>[3]>;

/** Lets unleash-client's own code check constraints and split variants: nothing of it is written again here. */
export class UnleashEvaluator extends Strategy implements RuleEvaluator {
  readonly #fixed: Context;
  #subject: Subject | undefined;
  #context: UnleashContext | undefined;

  /** @param fixed `appName` and `environment`, for constraints that name them */
  constructor(fixed: Context = {}) {
    super('rampart', true);
    this.#fixed = fixed;
  }

  targeting(constraints: readonly unknown[]): Targeting {
    const list = constraints as readonly (Constraint | undefined)[];
    return (subject) => this.checkConstraints(this.#contextOf(subject), list.values());
  }

  variant(variants: readonly VariantDefinition[], groupId: string, stickiness: string): (subject: Subject) => number {
    const [only] = variants;
    if (variants.length === 1 && only !== undefined && only.weight > 0) return () => 0;
    const names = variants.map((variant) => variant.name);
    // A variant's own stickiness would go before the rule's.
    const split = variants.map((variant) => ({ ...variant, stickiness: '' })) as unknown as Variants;
    const parameters = { groupId, stickiness: stickiness === 'targetingKey' ? 'userId' : stickiness };
    return (subject) => {
      const result = this.getResult(parameters, this.#contextOf(subject), [].values(), split);
      return result.enabled && result.variant !== undefined ? names.indexOf(result.variant.name) : -1;
    };
  }

  // Several rules ask about one subject in turn: its context is built once.
  #contextOf(subject: Subject): UnleashContext {
    if (this.#subject !== subject || this.#context === undefined) {
      this.#context = subjectContext(subject, this.#fixed);
      this.#subject = subject;
    }
    return this.#context;
  }
}
