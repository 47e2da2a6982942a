import { applyInstall, createAdminClient, planInstall } from '@rampart/unleash/admin';
import type { Command } from 'commander';
import { EXIT } from '../failure.js';
import { readContextNames } from '../input/context-names.js';
import { listOf } from '../input/pairs.js';
import { renderInstall } from '../output/plan.js';
import { type ConnectionFlags, readSettings, requireAdminToken } from '../settings.js';
import { connectedCommand, printJson, repeated, type Session } from './command.js';

interface Flags extends ConnectionFlags {
  readonly dryRun?: boolean;
  readonly regions?: string;
  readonly contextName?: readonly string[];
  readonly json?: boolean;
}

/** `rampart init`: strategies and context fields. */
export function initCommand(session: Session): Command {
  return connectedCommand('init', 'admin')
    .summary('install the strategies and context fields in Unleash')
    .description(
      'Creates or updates the strategies aiAccess and aiStage and the context fields that go with them. A second run changes nothing; what operators added stays.',
    )
    .option('--dry-run', 'only show what would change')
    .option('--regions <list>', 'every region there is, if that list is closed: constraints may then name no other')
    .addOption(
      repeated('--context-name <fact=name>', 'a fact that your services send under another name, e.g. tenantId=orgId'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  rampart init --dry-run\n  rampart init --tiers free,team,enterprise --regions eu,us',
    )
    .action((flags: Flags) => init(session, flags));
}

async function init(session: Session, flags: Flags): Promise<void> {
  const settings = readSettings(flags, session.variables);
  const client = createAdminClient({ url: settings.url, token: requireAdminToken(settings) });
  const plan = await planInstall({
    client,
    tiers: settings.tiers,
    contextNames: readContextNames(flags.contextName),
    ...(flags.regions === undefined ? {} : { regions: listOf(flags.regions) }),
  });
  const dryRun = flags.dryRun ?? false;
  if (!dryRun) await applyInstall(client, plan);
  if (flags.json) {
    const actions = plan.map(({ action, kind, name, changes }) => ({ action, kind, name, changes }));
    printJson(session, { url: client.url, dryRun, actions });
  } else session.terminal.out(renderInstall(plan, client.url, dryRun, session.paint));
  session.end(EXIT.fine);
}
