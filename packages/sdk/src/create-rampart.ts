import { DefaultLogger } from '@openfeature/server-sdk';
import {
  type Attributes,
  type ContextNames,
  type ControlSource,
  DEFAULT_PREFIX,
  DEFAULT_TIERS,
  type Decision,
  type Explanation,
  type FlagSource,
  InMemoryControl,
  type JsonValue,
  type TenantDirectory,
} from '@rampart/core';
import { RampartProvider } from '@rampart/openfeature-provider';
import { UnleashFlagSource } from '@rampart/unleash';
import { buildUnleash } from './build-unleash.js';
import type { ControlOptions } from './control-options.js';
import { joinControl } from './create-control.js';
import type { DurableControl } from './durable-control.js';
import {
  type BindingOf,
  type BindingSchemas,
  checkOptions,
  contextNamesOf,
  isControlSource,
  isUnleash,
  type RampartOptions,
} from './options.js';

/** The joined parts. */
export interface Rampart<
  Control extends ControlSource = ControlSource,
  Bindings extends BindingSchemas = BindingSchemas,
> {
  /** For `OpenFeature.setProviderAndWait(rampart.provider)`. */
  readonly provider: RampartProvider;
  readonly control: Control;
  /** The flags themselves: snapshots, events, and ordinary flags asked without counting. */
  readonly flags: FlagSource;
  /** Which attribute holds which fact, all of them: whoever writes facts into a context writes them under these names. */
  readonly contextNames: ContextNames;
  /** The tier ladder, lowest first. */
  readonly tiers: readonly string[];
  /** Flags whose name starts so must carry a Rampart strategy; `''`: none must. */
  readonly prefix: string;
  /** Flag → feature, for flags that have no parent in Unleash. */
  readonly gates: Readonly<Record<string, string>>;
  /** The lookup of tenants' facts that a context lacks. */
  readonly directory: TenantDirectory | undefined;
  /** Decides now, from what is already known; starts no I/O that it waits for. */
  decide(flag: string, context: Attributes): Decision;
  /** Decides every AI flag over one consistent snapshot. Counts no usage: a bulk answer is no exposure. */
  decideAll(context: Attributes): ReadonlyMap<string, Decision>;
  /** The decision with every gate asked by itself. */
  explain(flag: string, context: Attributes): Explanation;
  /**
   * The binding of a decision, or of one of its shadow runs, as the feature's schema in the option `bindings` types it.
   * Undefined where there is none: a decision that is closed, or of another feature.
   */
  bindingOf<Feature extends keyof Bindings & string>(
    feature: Feature,
    of: Pick<Decision, 'binding'>,
  ): BindingOf<Bindings[Feature]> | undefined;
  /** Stops everything; the same as closing the provider. */
  close(): Promise<void>;
}

/** The control that a rampart has: the one it was given, the one its options describe, or one in memory. */
export type ControlOf<Given> = Given extends ControlSource
  ? Given
  : Given extends ControlOptions
    ? DurableControl
    : InMemoryControl;

/**
 * Joins flags, consent and OpenFeature for a service.
 *
 * ```ts
 * const rampart = createRampart({ unleash: { url, appName: 'support', customHeaders: { Authorization: token } } });
 * await OpenFeature.setProviderAndWait(rampart.provider);
 * ```
 *
 * @throws TypeError that names the option, its value and the fix
 */
export function createRampart<
  const Bindings extends BindingSchemas = BindingSchemas,
  Given extends ControlSource | ControlOptions | undefined = undefined,
>(options: RampartOptions<Bindings> & { readonly control?: Given }): Rampart<ControlOf<Given>, Bindings> {
  checkOptions(options);
  const control = controlOf(options.control) as ControlOf<Given>;
  const { tiers = DEFAULT_TIERS, prefix = DEFAULT_PREFIX, gates = {}, directory } = options;
  const contextNames = contextNamesOf(options.contextNames);
  const owned = !isUnleash(options.unleash);
  const { unleash, abortRequests } = isUnleash(options.unleash)
    ? { unleash: options.unleash }
    : buildUnleash(options.unleash, { control, tiers, contextNames, logger: options.logger ?? new DefaultLogger() });
  const flags = new UnleashFlagSource({
    unleash,
    tiers,
    owned,
    abortRequests,
    prefix,
    gates,
    checkBinding: bindingCheck(options.bindings ?? {}),
  });
  const provider = new RampartProvider({ ...options, flags, control, contextNames });
  return {
    provider,
    control,
    flags,
    contextNames: Object.freeze(contextNames),
    tiers: Object.freeze([...tiers]),
    prefix,
    gates: Object.freeze({ ...gates }),
    directory: directory?.lookup,
    decide: (flag, context) => provider.engine.decide(flag, context),
    decideAll: (context) => provider.engine.decideAll(context),
    explain: (flag, context) => provider.engine.explain(flag, context),
    bindingOf: (feature, { binding }) => {
      const result = options.bindings?.[feature]?.safeParse(binding);
      return result?.success ? (result.data as BindingOf<Bindings[typeof feature]>) : undefined;
    },
    close: () => provider.onClose(),
  };
}

function controlOf(given: ControlSource | ControlOptions | undefined): ControlSource {
  if (given === undefined) return new InMemoryControl({ now: Date.now });
  return isControlSource(given) ? given : joinControl(given, true);
}

function bindingCheck(schemas: BindingSchemas) {
  const byFeature = new Map(Object.entries(schemas));
  return (feature: string, binding: JsonValue | undefined): string | undefined => {
    const result = byFeature.get(feature)?.safeParse(binding);
    return result === undefined || result.success
      ? undefined
      : `must fit the schema of ${feature}: ${result.error.message}`;
  };
}
