import type { FlagDefinition } from '@rampart/core';
import { InMemStorageProvider, Unleash, UnleashEvents } from 'unleash-client';
import { misused, UsageError } from '../failure.js';
import type { Settings } from '../settings.js';

/** Reads the flags once, as a service does, by unleash-client itself. Registers nothing and sends no metrics. */
export async function readAsClient(
  { url, environment, project }: Settings,
  token: string,
): Promise<{ readonly environment: string; readonly definitions: readonly FlagDefinition[] }> {
  const own = environmentOf(token);
  if (environment !== undefined && own !== undefined && own !== environment) {
    misused(
      `the client token reads ${own}, but you ask for ${environment}: use a token of ${environment}, or an admin token`,
    );
  }
  const unleash = new Unleash({
    url: `${url.replace(/\/+$/, '').replace(/\/api(\/(admin|client|frontend))?$/, '')}/api`,
    appName: 'rampart-cli',
    customHeaders: { Authorization: token },
    disableAutoStart: true,
    disableMetrics: true,
    skipInstanceCountWarning: true,
    refreshInterval: 60_000,
    storageProvider: new InMemStorageProvider(),
    ...(project === undefined ? {} : { projectName: project }),
  });
  try {
    await synchronized(unleash, url);
    const definitions = unleash.getFeatureToggleDefinitions(true) as unknown as readonly FlagDefinition[];
    return { environment: own ?? environment ?? 'the environment of the token', definitions };
  } finally {
    unleash.destroy();
  }
}

/** Client tokens read `project:environment.secret`. */
function environmentOf(token: string): string | undefined {
  return /^[^:]+:([^.]+)\./.exec(token)?.[1];
}

function synchronized(unleash: Unleash, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (found: unknown): void => {
      const said = found instanceof Error ? found.message : String(found);
      reject(
        new UsageError(
          `cannot read the flags from ${url} with the client token: ${said}. Check the URL, then the token`,
        ),
      );
    };
    unleash.once(UnleashEvents.Synchronized, () => resolve());
    unleash.on(UnleashEvents.Error, fail);
    unleash.on(UnleashEvents.Warn, fail);
    unleash.start().catch(fail);
  });
}
