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

/** A name that a command records. */
export interface RecordedName {
  /** What the name is, e.g. `class` or `flag`. */
  readonly what: 'class' | 'flag';
  readonly name: string;
  /** Whether the control log declares the name, e.g. by a stored consent model. */
  readonly isDeclared?: () => Promise<boolean>;
}

/** How long one request to Unleash may take, in ms. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Warns about a name that no flag in any environment of Unleash has. Without Unleash settings, or with `--unknown-ok`, nothing is
 * checked. Where Unleash can't be read, the warning says so.
 *
 * @returns whether the name is unknown: the command then exits with 1
 */
export async function warnIfUnknown(session: Session, flags: KnownNameFlags, recorded: RecordedName): Promise<boolean> {
  const { what, name } = recorded;
  const warn = (text: string): void =>
    session.terminal.err(`${session.paint('yellow', 'warning:')} ${oneLine(text)}\n`);
  try {
    const definitions = flags.unknownOk ? undefined : await readDefinitions(session, flags);
    if (definitions === undefined) return false;
    const names = [...new Set(definitions.flatMap((flag) => (what === 'flag' ? [flag.name] : classesOf(flag))))];
    if (names.includes(name) || (await recorded.isDeclared?.())) return false;
    const hint = nearestHint(name, names) || `known: ${names.slice(0, 5).join(', ') || 'none'}.`;
    warn(
      `Unleash has no ${what === 'flag' ? `flag ${JSON.stringify(name)}` : `feature of class ${JSON.stringify(name)}`}, so this record changes no answer; ${hint} Pass --unknown-ok if the name is right.`,
    );
    return true;
  } catch (error) {
    if (exitCodeOf(error) === undefined) throw error;
    warn(`${what} ${JSON.stringify(name)} was not checked: ${messageOf(error)}`);
    return false;
  }
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
  const client = createAdminClient({ url, token, timeout: REQUEST_TIMEOUT_MS });
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
