import type { Logger } from '@openfeature/server-sdk';
import { type ControlSource, InMemoryControl, type RuleDefinition } from '@rampart/core';
import type { Rampart } from '@rampart/sdk';
import type { FlagServer } from './flag-server.js';
import { NOW } from './now.js';
import type { Row, Scenario } from './table.js';

/** What a rampart is made of for one row: a stand-in for Unleash, a recorded control state, warnings collected. */
export function optionsOf(
  row: Row,
  { definitions, earlier = definitions, segments, control }: Scenario,
  server: FlagServer,
  warnings: string[],
) {
  return {
    unleash: {
      url: server.serve({ features: earlier, segments }),
      appName: 'specification',
      refreshInterval: 600_000,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: NO_STORAGE,
    },
    control: control === 'unknown' ? UNKNOWN : recorded(control),
    gates: row.gates,
    tiers: row.tiers,
    prefix: row.prefix,
    logger: collecting(warnings),
  };
}

/** Replaces the earlier flags of a row, which the process has seen, by those that it asks about. */
export async function replaceEarlier(
  { flags }: Pick<Rampart, 'flags'>,
  { definitions, earlier, segments }: Scenario,
  address: string,
  server: FlagServer,
): Promise<void> {
  if (earlier === undefined) return;
  server.replace(address, { features: definitions, segments });
  await flags.refresh?.();
}

const NO_STORAGE = { get: async () => undefined, set: async () => {} };

const UNKNOWN: ControlSource = { read: () => undefined };

function recorded(changes: Exclude<Scenario['control'], 'unknown'>): ControlSource {
  const control = new InMemoryControl({ now: () => NOW });
  for (const change of changes) control.apply(change);
  return control;
}

/** An object question of a gated flag is answered by that flag's own payload. */
export function isGated({ definitions, ask }: Scenario): boolean {
  const asked = definitions.find((definition) => definition.name === ask);
  const parent = definitions.find((definition) => definition.name === asked?.dependencies?.[0]?.feature);
  if (ask.startsWith('ai.') && asked === undefined) return false;
  if (asked?.strategies?.some(isOurs) || (ask.startsWith('ai.') && parent?.strategies?.some(isOurs))) return false;
  return true;
}

const isOurs = ({ name }: RuleDefinition): boolean => name === 'aiAccess' || name === 'aiStage';

function collecting(warnings: string[]): Logger {
  const collect = (text: unknown) => warnings.push(String(text));
  return { error: collect, warn: collect, info: () => {}, debug: () => {} };
}
