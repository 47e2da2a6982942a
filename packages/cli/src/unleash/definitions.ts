import type { FlagDefinition } from '@rampart/core';
import { createAdminClient, fetchDefinitions, isAdminApiError } from '@rampart/unleash/admin';
import { misused } from '../failure.js';
import { requireAdminToken, type Settings } from '../settings.js';
import { readAsClient } from './client-token.js';

/** The flags of an environment, as read. */
export interface ReadFlags {
  readonly environment: string;
  /** Which API gave them: the admin API adds and orders fields differently, so revisions are not those that services report. */
  readonly readAs: 'admin' | 'client';
  /** With disabled rules where an admin token read them; clients never get those. */
  readonly definitions: readonly FlagDefinition[];
}

const DEFAULT_ENVIRONMENT = 'development';

/** Reads all flags with the admin token, or with a client token where that is all there is. */
export async function readFlags(settings: Settings): Promise<ReadFlags> {
  const { clientToken, adminToken, environment, project } = settings;
  if (adminToken === undefined && clientToken !== undefined)
    return { readAs: 'client', ...(await readAsClient(settings, clientToken)) };
  const token = requireAdminToken(settings);
  const client = createAdminClient({ url: settings.url, token });
  const query = { environment: environment ?? DEFAULT_ENVIRONMENT, ...(project === undefined ? {} : { project }) };
  try {
    return { environment: query.environment, readAs: 'admin', definitions: await fetchDefinitions(client, query) };
  } catch (error) {
    // Reading refuses nothing but a wrong name: that is how the command was called, not a finding.
    if (isAdminApiError(error) && (error.kind === 'refused' || error.kind === 'not_found')) misused(error.message);
    throw error;
  }
}

/** The flags as clients get them: without disabled rules. */
export function asClientsSee(definitions: readonly FlagDefinition[]): readonly FlagDefinition[] {
  return definitions.map((definition) => {
    const { strategies } = definition;
    if (strategies === undefined) return definition;
    return { ...definition, strategies: strategies.filter((rule) => !('disabled' in rule && rule.disabled === true)) };
  });
}
