import { type AdminClient, type CreationPlan, createAdminClient } from '@rampart/unleash/admin';
import { EXIT } from '../failure.js';
import { listOf } from '../input/pairs.js';
import { renderCreation } from '../output/plan.js';
import { type ConnectionFlags, readSettings, requireAdminToken } from '../settings.js';
import { printJson, type Session } from './command.js';

/** Flags of every command that creates a flag. */
export interface CreationFlags extends ConnectionFlags {
  readonly description?: string;
  readonly enable?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** What every creation is told. */
export interface CreationOptions {
  readonly client: AdminClient;
  readonly tiers: readonly string[];
  readonly enable: boolean;
  readonly environments?: readonly string[];
  readonly description?: string;
}

/** Reads where to create, and how. */
export function creationOptions(session: Session, flags: CreationFlags): CreationOptions {
  const { environment, ...others } = flags;
  const settings = readSettings(others, session.variables);
  const environments = environment === undefined ? settings.environment && [settings.environment] : listOf(environment);
  return {
    client: createAdminClient({
      url: settings.url,
      token: requireAdminToken(settings),
      project: settings.project ?? 'default',
    }),
    tiers: settings.tiers,
    enable: flags.enable ?? false,
    ...(environments ? { environments } : {}),
    ...(flags.description === undefined ? {} : { description: flags.description }),
  };
}

/** Shows what was done, or would be, and what to do next. */
export function showCreation(
  session: Session,
  flags: CreationFlags,
  plan: CreationPlan,
  next: readonly string[],
): void {
  const dryRun = flags.dryRun ?? false;
  if (flags.json) printJson(session, { dryRun, ...plan });
  else session.terminal.out(renderCreation(plan, dryRun, next, session.paint));
  session.end(EXIT.fine);
}
