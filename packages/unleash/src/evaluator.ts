import type { RuleEvaluator, Subject, Targeting, VariantDefinition } from '@rampart/core';
import { type Context, Strategy } from 'unleash-client';
import { addFields, fieldsOf, subjectContext, type UnleashContext } from './context.js';

type Constraint = Parameters<Strategy['checkConstraint']>[0];
type Variants = NonNullable<Parameters<Strategy['getResult']>[3]>;

// Operators on dates compare the context's time, whatever field they name.
const TIME = 'currentTime';

/** Lets unleash-client's own code check constraints and split variants: nothing of it is written again here. */
export class UnleashEvaluator extends Strategy implements RuleEvaluator {
  readonly #fixed: Context;
  #subject: Subject | undefined;
  #context: UnleashContext | undefined;
  #nested = false;

  /** @param fixed `appName` and `environment`, for constraints that name them */
  constructor(fixed: Context = {}) {
    super('rampart', true);
    this.#fixed = fixed;
  }

  targeting(constraints: readonly unknown[]): Targeting {
    const list = constraints as readonly (Constraint | undefined)[];
    const fields = fieldsOf(list.flatMap((constraint) => (constraint ? [constraint.contextName, TIME] : [])));
    return (subject) => this.checkConstraints(this.#contextOf(subject, fields), list.values());
  }

  variant(variants: readonly VariantDefinition[], groupId: string, stickiness: string): (subject: Subject) => number {
    const [only] = variants;
    if (variants.length === 1 && only !== undefined && only.weight > 0) return () => 0;
    const names = variants.map((variant) => variant.name);
    // A variant's own stickiness would go before the rule's.
    const split = variants.map((variant) => ({ ...variant, stickiness: '' })) as unknown as Variants;
    const parameters = { groupId, stickiness: stickiness === 'targetingKey' ? 'userId' : stickiness };
    const overrides = split.flatMap((variant) => variant.overrides ?? []);
    const fields = fieldsOf([parameters.stickiness, ...overrides.map(({ contextName }) => contextName)]);
    return (subject) => {
      const result = this.getResult(parameters, this.#contextOf(subject, fields), [].values(), split);
      return result.enabled && result.variant !== undefined ? names.indexOf(result.variant.name) : -1;
    };
  }

  // Several rules ask about one subject in turn: they share its context, and each adds what it reads.
  #contextOf(subject: Subject, fields: readonly string[]): UnleashContext {
    if (this.#subject !== subject || this.#context === undefined) {
      this.#nested = Object.hasOwn(subject.attributes, 'properties');
      this.#context = this.#nested ? subjectContext(subject, this.#fixed) : { properties: {} };
      this.#subject = subject;
    }
    // Fields inside an attribute named `properties` are found by copying all.
    if (!this.#nested) addFields(this.#context, subject, fields, this.#fixed);
    return this.#context;
  }
}
