import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rampartStrategies, type StrategyOptions } from '@rampart/unleash';
import { Unleash, type UnleashConfig } from 'unleash-client';

/** An instance that knows our strategies, polls every 5 s unless it is told else, and starts with the provider. */
export function buildUnleash(config: UnleashConfig, options: Omit<StrategyOptions, 'flags'>): Unleash {
  const unleash: Unleash = new Unleash({
    refreshInterval: 5_000,
    ...config,
    url: config.url.replace(/\/+$/, ''),
    ...(config.storageProvider === undefined ? { backupPath: config.backupPath ?? backupFolder(config) } : {}),
    disableAutoStart: true,
    strategies: [
      ...(config.strategies ?? []),
      ...rampartStrategies({ ...options, flags: () => unleash.getFeatureToggleDefinitions(true) }),
    ],
  });
  return unleash;
}

/**
 * A folder of this server and token. unleash-client names its backup after `appName` alone, in the folder of temporary files:
 * two environments on one machine would start from each other's flags.
 */
function backupFolder({ url, environment, customHeaders }: UnleashConfig): string {
  const headers = Object.entries(customHeaders ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const source = JSON.stringify([url, environment, headers]);
  const folder = join(tmpdir(), `rampart-flags-${createHash('sha256').update(source).digest('hex').slice(0, 16)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
