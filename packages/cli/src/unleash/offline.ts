import { once } from 'node:events';
import type { Attributes, ContextNames, ControlSource, FlagDefinition } from '@rampart/core';
import { rampartStrategies, unleashContext } from '@rampart/unleash';
import { InMemStorageProvider, Unleash, type UnleashConfig, UnleashEvents } from 'unleash-client';

/** What Unleash's own code needs to evaluate flags without a server. */
export interface OfflineOptions {
  readonly definitions: readonly FlagDefinition[];
  readonly control: ControlSource;
  readonly tiers: readonly string[];
  readonly contextNames: ContextNames;
}

type Bootstrap = NonNullable<UnleashConfig['bootstrap']>;
type Segments = NonNullable<Bootstrap['segments']>;

/** A real Unleash client over flags that were read before. It asks nobody and tells nobody. */
export async function offlineUnleash({ definitions, control, tiers, contextNames }: OfflineOptions): Promise<Unleash> {
  const unleash: Unleash = new Unleash({
    url: 'http://offline.invalid/api',
    appName: 'rampart-cli',
    // Nothing is fetched without an interval: the bootstrap is all there is.
    refreshInterval: 0,
    disableMetrics: true,
    disableAutoStart: true,
    skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider(),
    bootstrap: bootstrapOf(definitions),
    strategies: rampartStrategies({
      flags: () => unleash.getFeatureToggleDefinitions(true),
      control,
      tiers,
      contextNames,
    }),
  });
  // Without any flag it never says that it is ready, and answers as one without flags does.
  const ready = definitions.length === 0 ? undefined : once(unleash, UnleashEvents.Ready);
  await unleash.start();
  await ready;
  return unleash;
}

/** What the flag answers a service that asks Unleash. */
export function isEnabled(unleash: Unleash, flag: string, attributes: Attributes): boolean {
  return unleash.isEnabled(flag, unleashContext(attributes));
}

const MISSING_SEGMENT = -1;

function bootstrapOf(definitions: readonly FlagDefinition[]): Bootstrap {
  const segments = new Map<number, Segments[number]>();
  const data = definitions.map((definition) => ({
    ...definition,
    strategies: (definition.strategies ?? []).map((rule) => ({
      ...rule,
      segments: (rule.segments ?? []).map((segment) => {
        if (segment === undefined) return MISSING_SEGMENT;
        const known = segment as Segments[number];
        segments.set(known.id, known);
        return known.id;
      }),
    })),
  }));
  return { data: data as unknown as NonNullable<Bootstrap['data']>, segments: [...segments.values()] };
}
