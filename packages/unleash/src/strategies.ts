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
import { isGranted } from './grant.js';
import { DefinitionSnapshot } from './snapshot.js';

/** What the strategies need to decide alone. Without `flags` or `control` they are closed. */
export interface StrategyOptions {
  /**
   * All flags with their segments: `() => unleash.getFeatureToggleDefinitions(true)`. A strategy is handed one rule; gates such
   * as a force-off in another rule are read from the whole flag.
   */
  readonly flags?: (() => readonly unknown[]) | undefined;
  /** Where consent and kill switches are read, without waiting. */
  readonly control?: ControlSource | undefined;
  /** @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /** @default the names of the facts themselves; `targetingKey` is Unleash's userId */
  readonly contextNames?: ContextNames | undefined;
}

type Result = ReturnType<Strategy['getResult']>;
type Parameters_ = Parameters<Strategy['getResult']>[0];
type Constraints = Parameters<Strategy['getResult']>[2];
type Variants = Parameters<Strategy['getResult']>[3];

/**
 * `aiAccess` and `aiStage` for `new Unleash({ strategies: rampartStrategies(...) })`. Services that call
 * `unleash.isEnabled` directly are held to the same gates as those that ask the provider.
 */
export function rampartStrategies(options: StrategyOptions = {}): Strategy[] {
  const rules = new RuleBook(options);
  return [new AiAccessStrategy(rules), new AiStageStrategy(rules)];
}

class AiAccessStrategy extends Strategy {
  readonly #rules: RuleBook;

  constructor(rules: RuleBook) {
    super('aiAccess');
    this.#rules = rules;
  }

  override isEnabled(parameters: Parameters_, context: Context): boolean {
    const flag = this.#rules.flagOf(parameters);
    return flag !== undefined && (this.#rules.askFeature(flag, context)?.decision.enabled ?? false);
  }

  override getResult(parameters: Parameters_, context: Context, constraints: Constraints): Result {
    const flag = this.#rules.flagOf(parameters);
    if (flag !== undefined && isGranted(flag, context.properties)) return { enabled: true };
    return { enabled: this.checkConstraints(context, constraints) && this.isEnabled(parameters, context) };
  }
}

class AiStageStrategy extends Strategy {
  readonly #rules: RuleBook;

  constructor(rules: RuleBook) {
    super('aiStage');
    this.#rules = rules;
  }

  override isEnabled(parameters: Parameters_, context: Context): boolean {
    return this.#ask(parameters, context) !== undefined;
  }

  override getResult(parameters: Parameters_, context: Context, constraints: Constraints, variants?: Variants): Result {
    // A segment may change while the rule stays the object it was: Unleash hands over what holds now, and both must match.
    if (!this.checkConstraints(context, constraints)) return { enabled: false };
    const evaluation = this.#ask(parameters, context);
    if (evaluation === undefined) return { enabled: false };
    const shown = variants?.find((variant) => variant.name === evaluation.decision.variant);
    if (shown === undefined) return { enabled: true };
    const { name, payload } = shown;
    return {
      enabled: true,
      variant: payload === undefined ? { name, enabled: true } : { name, enabled: true, payload },
    };
  }

  // Unleash takes the first rule that says yes: only the rule that core chose may.
  #ask(parameters: Parameters_, context: Context): Evaluation | undefined {
    const flag = this.#rules.flagOf(parameters);
    const evaluation = flag === undefined ? undefined : this.#rules.askChange(flag, context);
    return evaluation?.decision.enabled && evaluation.rule?.source === parameters ? evaluation : undefined;
  }
}

/** Knows which flag a rule belongs to, by the identity of its parameters, and asks core about that flag. */
class RuleBook {
  readonly #options: StrategyOptions;
  readonly #settings: CompileSettings;
  #flagByParameters = new WeakMap<object, string>();
  #snapshot: DefinitionSnapshot | undefined;

  constructor(options: StrategyOptions) {
    this.#options = options;
    this.#settings = { tiers: readTiers(options.tiers), evaluator: new UnleashEvaluator() };
  }

  flagOf(parameters: object): string | undefined {
    const known = this.#flagByParameters.get(parameters);
    if (known !== undefined || this.#options.flags === undefined) return known;
    this.#read(this.#options.flags() as readonly FlagDefinition[]);
    return this.#flagByParameters.get(parameters);
  }

  askFeature(name: string, context: Context): Evaluation | undefined {
    const feature = this.#snapshot?.flag(name);
    if (feature?.kind !== 'feature') return undefined;
    const { subject, control } = this.#prepare(context);
    return decideFeature(feature, subject, control, this.#settings);
  }

  askChange(name: string, context: Context): Evaluation | undefined {
    if (this.#snapshot === undefined) return undefined;
    const { subject, control } = this.#prepare(context);
    return decide(this.#snapshot, name, subject, control, this.#settings);
  }

  #prepare(context: Context) {
    const { properties, ...fields } = context;
    const attributes: Attributes = { ...properties, ...fields, targetingKey: context.userId };
    const subject = readSubject(attributes, this.#options.contextNames);
    return { subject, control: this.#view(subject) };
  }

  // A direct question can't wait: what isn't at hand is fetched for the next one.
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
    this.#snapshot = new DefinitionSnapshot(definitions, this.#settings);
    this.#flagByParameters = new WeakMap();
    for (const { name, strategies } of definitions) {
      for (const rule of strategies ?? []) {
        const ours = rule.name === 'aiAccess' || rule.name === 'aiStage';
        if (ours && typeof rule.parameters === 'object' && rule.parameters !== null)
          this.#flagByParameters.set(rule.parameters, name);
      }
    }
  }
}
