import {
  type Attributes,
  type CompileSettings,
  type ContextNames,
  type ControlSource,
  type ControlView,
  decide,
  decideFeature,
  type Evaluation,
  type FlagDefinition,
  readSubject,
  readTiers,
  type Subject,
} from '@rampart/core';
import { type Context, Strategy } from 'unleash-client';
import { UnleashEvaluator } from './evaluator.js';
import { hasGateBypass } from './gate-bypass.js';
import { DefinitionSnapshot } from './snapshot.js';

/** Options of {@link rampartStrategies}. Without `flags` or `control` the strategies are closed. */
export interface StrategyOptions {
  /**
   * All flags with their segments: `() => unleash.getFeatureToggleDefinitions(true)`. Unleash passes one rule to a strategy; gates
   * such as a force-off in another rule need the whole flag.
   */
  readonly flags?: (() => readonly unknown[]) | undefined;
  /** The source of consent and kill switches, read synchronously. */
  readonly control?: ControlSource | undefined;
  /** @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /** The context attribute of each fact. @default the facts' own names; `targetingKey` is Unleash's userId */
  readonly contextNames?: ContextNames | undefined;
}

type Result = ReturnType<Strategy['getResult']>;
type StrategyParameters = Parameters<Strategy['getResult']>[0];
type Constraints = Parameters<Strategy['getResult']>[2];
type Variants = Parameters<Strategy['getResult']>[3];

/**
 * `aiAccess` and `aiStage` for `new Unleash({ strategies: rampartStrategies(...) })`. The same gates then apply to
 * `unleash.isEnabled` as to the OpenFeature provider.
 */
export function rampartStrategies(options: StrategyOptions = {}): Strategy[] {
  const evaluator = new StrategyEvaluator(options);
  return [new AiAccessStrategy(evaluator), new AiStageStrategy(evaluator)];
}

class AiAccessStrategy extends Strategy {
  readonly #evaluator: StrategyEvaluator;

  constructor(evaluator: StrategyEvaluator) {
    super('aiAccess');
    this.#evaluator = evaluator;
  }

  override isEnabled(parameters: StrategyParameters, context: Context): boolean {
    const flag = this.#evaluator.flagOf(parameters);
    return flag !== undefined && (this.#evaluator.evaluateFeature(flag, context)?.decision.enabled ?? false);
  }

  override getResult(parameters: StrategyParameters, context: Context, constraints: Constraints): Result {
    const flag = this.#evaluator.flagOf(parameters);
    if (flag !== undefined && hasGateBypass(flag, context.properties)) return { enabled: true };
    return { enabled: this.checkConstraints(context, constraints) && this.isEnabled(parameters, context) };
  }
}

class AiStageStrategy extends Strategy {
  readonly #evaluator: StrategyEvaluator;

  constructor(evaluator: StrategyEvaluator) {
    super('aiStage');
    this.#evaluator = evaluator;
  }

  override isEnabled(parameters: StrategyParameters, context: Context): boolean {
    return this.#evaluate(parameters, context) !== undefined;
  }

  override getResult(
    parameters: StrategyParameters,
    context: Context,
    constraints: Constraints,
    variants?: Variants,
  ): Result {
    // A segment may change while the rule object stays the same: Unleash passes the current constraints, and both must match.
    if (!this.checkConstraints(context, constraints)) return { enabled: false };
    const evaluation = this.#evaluate(parameters, context);
    if (evaluation === undefined) return { enabled: false };
    const variant = variants?.find(({ name }) => name === evaluation.decision.variant);
    if (variant === undefined) return { enabled: true };
    const { name, payload } = variant;
    return {
      enabled: true,
      variant: payload === undefined ? { name, enabled: true } : { name, enabled: true, payload },
    };
  }

  // Unleash uses the first enabled rule, so only the rule that core chose is enabled.
  #evaluate(parameters: StrategyParameters, context: Context): Evaluation | undefined {
    const flag = this.#evaluator.flagOf(parameters);
    const evaluation = flag === undefined ? undefined : this.#evaluator.evaluateChange(flag, context);
    return evaluation?.decision.enabled && evaluation.rule?.source === parameters ? evaluation : undefined;
  }
}

/** Finds the flag of a rule by the identity of the rule's parameters, and evaluates it with core. */
class StrategyEvaluator {
  readonly #options: StrategyOptions;
  readonly #settings: CompileSettings;
  #flagByParameters = new WeakMap<object, string>();
  #snapshot: DefinitionSnapshot | undefined;

  constructor(options: StrategyOptions) {
    this.#options = options;
    this.#settings = { tiers: readTiers(options.tiers), evaluator: new UnleashEvaluator() };
  }

  flagOf(parameters: object): string | undefined {
    const flag = this.#flagByParameters.get(parameters);
    if (flag !== undefined || this.#options.flags === undefined) return flag;
    this.#read(this.#options.flags() as readonly FlagDefinition[]);
    return this.#flagByParameters.get(parameters);
  }

  evaluateFeature(name: string, context: Context): Evaluation | undefined {
    const feature = this.#snapshot?.flag(name);
    if (feature?.kind !== 'feature') return undefined;
    const { subject, control } = this.#readInputs(context);
    return decideFeature(feature, subject, control, this.#settings);
  }

  evaluateChange(name: string, context: Context): Evaluation | undefined {
    if (this.#snapshot === undefined) return undefined;
    const { subject, control } = this.#readInputs(context);
    return decide(this.#snapshot, name, subject, control, this.#settings);
  }

  #readInputs(context: Context) {
    const { properties, ...fields } = context;
    const attributes: Attributes = { ...properties, ...fields, targetingKey: context.userId };
    const subject = readSubject(attributes, this.#options.contextNames);
    return { subject, control: this.#view(subject) };
  }

  // A strategy is synchronous: a control state that isn't cached is fetched for the next evaluation.
  #view({ tenantId, consentRevision }: Subject): ControlView | undefined {
    const { control } = this.#options;
    const view = control?.read(tenantId, consentRevision);
    if (view === undefined && control !== undefined) {
      control.closedForUnknown?.();
      void control.load?.(tenantId, consentRevision);
    }
    return view;
  }

  #read(definitions: readonly FlagDefinition[]): void {
    this.#snapshot = new DefinitionSnapshot(definitions, this.#settings, { previous: this.#snapshot });
    this.#flagByParameters = new WeakMap();
    for (const { name, strategies } of definitions) {
      for (const rule of strategies ?? []) {
        const isRampartRule = rule.name === 'aiAccess' || rule.name === 'aiStage';
        if (isRampartRule && typeof rule.parameters === 'object' && rule.parameters !== null)
          this.#flagByParameters.set(rule.parameters, name);
      }
    }
  }
}
