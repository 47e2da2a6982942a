import {
  type Attributes,
  type ControlSource,
  type Decision,
  type Explanation,
  explain,
  InMemoryControl,
  type JsonValue,
  readSubject,
} from '@rampart/core';
import { RampartProvider } from '@rampart/openfeature-provider';
import { UnleashFlagSource } from '@rampart/unleash';
import { buildUnleash } from './build-unleash.js';
import {
  type BindingSchema,
  checkOptions,
  contextNamesOf,
  isUnleash,
  type RampartOptions,
  tiersOf,
} from './options.js';

/** The joined parts. */
export interface Rampart<Control extends ControlSource = ControlSource> {
  /** For `OpenFeature.setProviderAndWait(rampart.provider)`. */
  readonly provider: RampartProvider;
  readonly control: Control;
  /** Decides now, from what is already known; starts no I/O that it waits for. */
  decide(flag: string, context: Attributes): Decision;
  /** Decides every AI flag over one consistent snapshot. Counts no usage: a bulk answer is no exposure. */
  decideAll(context: Attributes): ReadonlyMap<string, Decision>;
  /** The decision with every gate asked by itself. */
  explain(flag: string, context: Attributes): Explanation;
  /** Stops everything; the same as closing the provider. */
  close(): Promise<void>;
}

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
export function createRampart(options: RampartOptions & { readonly control?: undefined }): Rampart<InMemoryControl>;
export function createRampart<Control extends ControlSource>(
  options: RampartOptions & { readonly control: Control },
): Rampart<Control>;
export function createRampart(options: RampartOptions): Rampart;
export function createRampart(options: RampartOptions): Rampart {
  checkOptions(options);
  const control = options.control ?? new InMemoryControl();
  const tiers = tiersOf(options);
  const contextNames = contextNamesOf(options.contextNames);
  const owned = !isUnleash(options.unleash);
  const unleash = isUnleash(options.unleash)
    ? options.unleash
    : buildUnleash(options.unleash, { control, tiers, contextNames });
  const flags = new UnleashFlagSource({
    unleash,
    tiers,
    owned,
    prefix: options.prefix,
    gates: options.gates,
    checkBinding: bindingCheck(options.bindings ?? {}),
  });
  const provider = new RampartProvider({ ...options, flags, control, tiers, contextNames });
  return {
    provider,
    control,
    decide: (flag, context) => provider.decide(flag, context),
    decideAll: (context) => provider.decideAll(context),
    explain: (flag, context) => {
      const subject = readSubject(context, contextNames);
      return explain(flags.snapshot(), flag, subject, control.read(subject.tenantId, subject.consentRevision), {
        tiers,
      });
    },
    close: () => provider.onClose(),
  };
}

function bindingCheck(schemas: Readonly<Record<string, BindingSchema>>) {
  const byFeature = new Map(Object.entries(schemas));
  return (feature: string, binding: JsonValue | undefined): string | undefined => {
    const result = byFeature.get(feature)?.safeParse(binding);
    return result === undefined || result.success
      ? undefined
      : `must fit the schema of ${feature}: ${result.error.message}`;
  };
}
