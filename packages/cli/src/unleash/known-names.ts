import type { FlagDefinition } from '@rampart/core';
import { nearestHint } from '@rampart/sdk/operator';
import { createAdminClient, fetchDefinitions } from '@rampart/unleash/admin';
import type { Session } from '../commands/command.js';
import { exitCodeOf, messageOf } from '../failure.js';
import { oneLine } from '../output/table.js';
import { type ConnectionFlags, readSettings, type Settings } from '../settings.js';
import { readFlags } from './definitions.js';

/** Options of a command that checks a name against Unleash. */
export interface KnownNameFlags extends ConnectionFlags {
  /** Accept a name that Unleash does not know. */
  readonly unknownOk?: boolean;
}

/** Names that a command records. */
export interface RecordedNames {
  /** What the names are. */
  readonly what: 'class' | 'flag';
  readonly names: readonly string[];
  /** Names that the control log declares, e.g. by stored consent models. */
  readonly declared?: () => Promise<ReadonlySet<string>>;
}

/** How long one request to Unleash may take, in ms. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Warns about names that no flag in any environment of Unleash has. Without Unleash settings, or with `--unknown-ok`, nothing is
 * checked. Where Unleash can't be read, the warning says so.
 *
 * @returns whether a name is unknown: the command then exits with 1
 */
export async function warnIfUnknown(
  session: Session,
  flags: KnownNameFlags,
  recorded: RecordedNames,
): Promise<boolean> {
  const { what } = recorded;
  const warn = (text: string): void =>
    session.terminal.err(`${session.paint('yellow', 'warning:')} ${oneLine(text)}\n`);
  try {
    const definitions = flags.unknownOk ? undefined : await readDefinitions(session, flags);
    if (definitions === undefined) return false;
    const known = new Set(definitions.flatMap((flag) => (what === 'flag' ? [flag.name] : classesOf(flag))));
    const missing = [...new Set(recorded.names)].filter((name) => !known.has(name));
    const declared = missing.length > 0 ? await recorded.declared?.() : undefined;
    const unknown = missing.filter((name) => declared?.has(name) !== true);
    for (const name of unknown) warn(unknownName(what, name, [...known]));
    return unknown.length > 0;
  } catch (error) {
    if (exitCodeOf(error) === undefined) throw error;
    warn(
      `${what} ${recorded.names.map((name) => JSON.stringify(name)).join(', ')} was not checked: ${messageOf(error)}`,
    );
    return false;
  }
}

function unknownName(what: RecordedNames['what'], name: string, known: readonly string[]): string {
  const hint = nearestHint(name, known) || `known: ${known.slice(0, 5).join(', ') || 'none'}.`;
  const thing = what === 'flag' ? `flag ${JSON.stringify(name)}` : `feature of class ${JSON.stringify(name)}`;
  return `Unleash has no ${thing}, so this record changes no answer; ${hint} Pass --unknown-ok if the name is right.`;
}

/** The flags of every environment that can be read; undefined where no Unleash is configured. */
export async function readDefinitions(
  session: Session,
  flags: ConnectionFlags,
): Promise<readonly FlagDefinition[] | undefined> {
  if ((flags.url ?? session.variables.url) === undefined) return undefined;
  const settings: Settings = readSettings(flags, session.variables);
  const { url, adminToken: token, clientToken, project } = settings;
  if (token === undefined) return clientToken === undefined ? undefined : (await readFlags(settings)).definitions;
  const client = createAdminClient({ url, token, timeoutMs: REQUEST_TIMEOUT_MS });
  const found: FlagDefinition[] = [];
  for (const environment of await client.environments.list())
    found.push(...(await fetchDefinitions(client, { environment, ...(project !== undefined && { project }) })));
  return found;
}

function classesOf({ strategies = [] }: FlagDefinition): readonly string[] {
  return strategies.flatMap(({ name, parameters }) => {
    const { featureClass } = (parameters ?? {}) as { readonly featureClass?: unknown };
    return name === 'aiAccess' && typeof featureClass === 'string' ? [featureClass.trim()] : [];
  });
}
