import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@openfeature/server-sdk';
import { secretText } from '@rampart/core';
import { abortableRequests, rampartStrategies, type StrategyOptions } from '@rampart/unleash';
import { Unleash, type UnleashConfig } from 'unleash-client';
import { BackupStorage, backupWarning } from './backup-storage.js';

/** An Unleash instance and the function that ends its requests under way. */
export interface BuiltUnleash {
  readonly unleash: Unleash;
  readonly abortRequests: () => void;
}

/** What the instance needs besides its own configuration. */
interface BuildOptions extends Omit<StrategyOptions, 'flags'> {
  readonly logger: Logger;
}

/** An instance that knows our strategies, polls every 5 s unless it is told else, and starts with the provider. */
export function buildUnleash(config: UnleashConfig, { logger, ...options }: BuildOptions): BuiltUnleash {
  const { httpOptions, abort } = abortableRequests(config.httpOptions);
  const unleash: Unleash = new Unleash({
    refreshInterval: 5_000,
    ...config,
    url: config.url.replace(/\/+$/, ''),
    ...(config.customHeaders && { customHeaders: cleanHeaders(config.customHeaders) }),
    httpOptions,
    storageProvider: config.storageProvider ?? new BackupStorage(backupFolder(config), logger),
    disableAutoStart: true,
    strategies: [
      ...(config.strategies ?? []),
      ...rampartStrategies({ ...options, flags: () => unleash.getFeatureToggleDefinitions(true) }),
    ],
  });
  return { unleash, abortRequests: abort };
}

/** A token that was read from a file ends in a line break, which no header may hold. */
function cleanHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? secretText(value) : value]),
  );
}

/** The warning that {@link buildUnleash} would log about its backup; undefined where it can be written. Creates nothing. */
export async function checkFlagBackup(config: UnleashConfig): Promise<string | undefined> {
  return config.storageProvider === undefined ? backupWarning(backupFolder(config)) : undefined;
}

/**
 * The folder that was configured, or one of this server and token. unleash-client names its backup after `appName` alone, in the folder of temporary files:
 * two environments on one machine would start from each other's flags.
 */
function backupFolder({ url, environment, customHeaders, backupPath }: UnleashConfig): string {
  if (backupPath !== undefined) return backupPath;
  const headers = Object.entries(customHeaders ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const source = JSON.stringify([url, environment, headers]);
  return join(tmpdir(), `rampart-flags-${createHash('sha256').update(source).digest('hex').slice(0, 16)}`);
}
