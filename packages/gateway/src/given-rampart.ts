import type { Rampart, RampartOptions } from '@rampart/sdk';
import type { GatewayConfiguration, GatewayConfigurationInput } from './configuration.js';
import { ConfigurationError } from './configuration-error.js';
import { canonical } from './decisions/canonical.js';

/** What a gateway may state of how its rampart reads contexts and flags. */
export interface Stated extends Pick<GatewayConfigurationInput, 'contextNames' | 'tiers' | 'prefix' | 'gates'> {
  readonly directory?: RampartOptions['directory'];
}

const LISTS = ['tiers', 'gates'] as const;

/**
 * A configuration with what the rampart decides by: were facts written under other names than it reads, a user's opt-out
 * would be lost, and a page could state the tenant.
 */
export function asDecided(configuration: GatewayConfiguration, rampart: Rampart): GatewayConfiguration {
  const { contextNames, tiers, prefix, gates } = rampart;
  return { ...configuration, contextNames, tiers, prefix, gates };
}

/**
 * Refuses a statement that the given rampart contradicts: which of the two is meant can't be known.
 *
 * @throws ConfigurationError
 */
export function requireAgreement({ contextNames = {}, prefix, directory, ...lists }: Stated, rampart: Rampart): void {
  if (rampart.contextNames === undefined)
    throw new ConfigurationError([{ field: 'rampart', fix: 'pass what createRampart returned' }]);
  const names: ReadonlyMap<string, string> = new Map(Object.entries(rampart.contextNames));
  const contradictions = [
    ...Object.entries(contextNames).flatMap(([fact, name]) =>
      name === names.get(fact) ? [] : [`contextNames.${fact}`],
    ),
    ...LISTS.filter((field) => lists[field] !== undefined && canonical(lists[field]) !== canonical(rampart[field])),
    ...(prefix !== undefined && prefix !== rampart.prefix ? ['prefix'] : []),
    ...(directory !== undefined && directory.lookup !== rampart.directory ? ['directory'] : []),
  ];
  const fix = 'the rampart that was given has another one: leave it out here';
  if (contradictions.length > 0) throw new ConfigurationError(contradictions.map((field) => ({ field, fix })));
}
