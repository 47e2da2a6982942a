import { type EventStore, type ExposureQuery, MAX_EXPOSURES_PER_PAGE, nearestHint } from '@rampart/sdk/operator';
import { type Command, Option } from 'commander';
import type { DatabaseFlags } from '../control-settings.js';
import { EXIT, exitCodeOf, messageOf, misused, required } from '../failure.js';
import { readPast } from '../input/moment.js';
import { createGatewayClient } from '../operator-gateway/gateway-client.js';
import { type GatewayFlags, readGatewayConnection, withGateway } from '../operator-gateway/gateway-connection.js';
import { readGatewayExposures } from '../operator-gateway/gateway-exposures.js';
import { renderSubjects, renderTenants } from '../output/exposures.js';
import { oneLine } from '../output/table.js';
import type { ConnectionFlags } from '../settings.js';
import { readDefinitions } from '../unleash/known-names.js';
import { connectedCommand, printJson, type Session } from './command.js';
import { withControl, withDatabase } from './database-command.js';
import { type ExposureTotal, totalExposures } from './exposure-total.js';

interface Flags extends ConnectionFlags, DatabaseFlags, GatewayFlags {
  readonly change?: string;
  readonly variant?: string;
  readonly tenant?: string;
  readonly user?: string;
  readonly since?: string;
  readonly until?: string;
  readonly subjects?: boolean;
  readonly after?: string;
  readonly limit: string;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 100_000;
const MAX_LIMIT = 1_000_000;

const EXAMPLES = `
Examples:
  rampart exposures --change ai.support-copilot.prompt-v18
  rampart exposures --change ai.support-copilot.prompt-v18 --variant v18 --tenant acme --since 7d --subjects
  rampart exposures --change ai.support-copilot.prompt-v18 --since 2026-11-01 --until 2026-12-01 --json
  rampart exposures --gateway https://gateway.example.com --change ai.support-copilot.prompt-v18`;

/** `rampart exposures`: the tenants and users that a change was served to. */
export function exposuresCommand(session: Session): Command {
  return withGateway(withDatabase(connectedCommand('exposures', 'any')))
    .summary('list the tenants and users that a change was served to')
    .description(
      `Adds up the recorded exposures of a change for each tenant and variant. Reads them by an index, ${MAX_EXPOSURES_PER_PAGE} at a time and at most --limit of them: where there are more, the command says so, names the place to continue from, and ends with 1. A change that has neither a flag in Unleash nor an exposure ends with 1 too.`,
    )
    .option('--change <flag>', "the change, by its flag's full name (required)")
    .option('--variant <name>', 'only this variant')
    .option('--tenant <id>', 'only this tenant')
    .option('--user <id>', 'only this user of the tenant')
    .option('--since <moment>', 'only from then on, e.g. 2026-11-01 or 2h')
    .option('--until <moment>', 'only before, written likewise')
    .option('--subjects', 'one row for each user')
    .option('--after <place>', 'continue where an earlier call ended')
    .addOption(
      new Option('--limit <count>', `most exposures to read, up to ${MAX_LIMIT}`).default(String(DEFAULT_LIMIT)),
    )
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => runExposures(session, flags));
}

async function runExposures(session: Session, flags: Flags): Promise<void> {
  const query = readQuery(flags, Date.now());
  const limit = readLimit(flags.limit);
  const gateway = readGatewayConnection(flags, session.variables);
  if (gateway !== undefined) {
    const client = createGatewayClient(gateway);
    return show(
      session,
      flags,
      query,
      await totalExposures((page) => readGatewayExposures(client, page), query, limit),
    );
  }
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const total = await totalExposures((page) => store.exposures(page), query, limit);
    const problem = total.subjects.length === 0 ? await unknownChange(session, flags, store, query.change) : undefined;
    if (problem === undefined) return show(session, flags, query, total);
    session.terminal.err(`${session.paint('red', 'rampart:')} ${oneLine(problem)}\n`);
    session.end(EXIT.findings);
  });
}

function readQuery(flags: Flags, now: number): ExposureQuery {
  const { variant, tenant, user, since, until, after } = flags;
  const change = required('--change', flags.change);
  if (user !== undefined && tenant === undefined) misused('--user: name the tenant of the user too, with --tenant');
  const from = since === undefined ? undefined : readPast('--since', since, now);
  const to = until === undefined ? undefined : readPast('--until', until, now);
  if (from !== undefined && to !== undefined && from >= to)
    misused(`--since ${JSON.stringify(since)}: it does not lie before --until ${JSON.stringify(until)}`);
  return { change, variant, tenant, user, from, to, after };
}

function readLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  return misused(`--limit ${JSON.stringify(text)}: use a whole number from 1 to ${MAX_LIMIT}`);
}

/** What is wrong with the name of a change without exposures; undefined where the change exists. */
async function unknownChange(
  session: Session,
  flags: ConnectionFlags,
  store: EventStore,
  change: string,
): Promise<string | undefined> {
  const measured = await store.exposedChanges();
  const flagNames = await changesInUnleash(session, flags);
  const known = [...measured, ...(flagNames ?? [])];
  if (known.includes(change)) return undefined;
  const hint = nearestHint(change, known) || 'check the name.';
  const where = flagNames === undefined ? '' : ', and Unleash has no such change';
  return `no exposure of ${JSON.stringify(change)} is recorded${where}: ${hint}`;
}

/** Undefined where no Unleash is configured, or it can't be read. */
async function changesInUnleash(session: Session, flags: ConnectionFlags): Promise<readonly string[] | undefined> {
  try {
    const definitions = await readDefinitions(session, flags);
    return definitions
      ?.filter(({ strategies = [] }) => !strategies.some((strategy) => strategy.name === 'aiAccess'))
      .map((flag) => flag.name);
  } catch (error) {
    if (exitCodeOf(error) === undefined) throw error;
    const warning = `the name was not checked against Unleash: ${messageOf(error)}`;
    session.terminal.err(`${session.paint('yellow', 'warning:')} ${oneLine(warning)}\n`);
    return undefined;
  }
}

function show(session: Session, flags: Flags, { change }: ExposureQuery, { subjects, next }: ExposureTotal): void {
  if (flags.json) printJson(session, { change, subjects, next });
  else if (subjects.length === 0) session.terminal.out(`No exposure of ${oneLine(change)} matches.\n`);
  else session.terminal.out(flags.subjects ? renderSubjects(subjects) : renderTenants(subjects));
  if (next !== undefined)
    session.terminal.err(
      `${session.paint('yellow', 'incomplete:')} ${flags.limit} exposures were read, and there are more. Continue with --after ${oneLine(next)}, or narrow the time with --since and --until.\n`,
    );
  session.end(next === undefined ? EXIT.fine : EXIT.findings);
}
