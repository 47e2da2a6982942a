import { createFlagEditReader } from '@rampart/sdk/operator';
import {
  type AdminClient,
  createAdminClient,
  findWidenEvent,
  planWiden,
  type WidenPlan,
  widen,
} from '@rampart/unleash/admin';
import type { Command } from 'commander';
import { type DatabaseFlags, knowsDatabase } from '../control-settings.js';
import { EXIT, exitCodeOf, messageOf, misused } from '../failure.js';
import { listOf } from '../input/pairs.js';
import { renderDiff } from '../output/entry-diff.js';
import { oneLine } from '../output/table.js';
import { type ConnectionFlags, readSettings, requireAdminToken } from '../settings.js';
import { connectedCommand, printJson, type Session } from './command.js';
import { withControl, withDatabase } from './database-command.js';

interface Flags extends ConnectionFlags, DatabaseFlags {
  readonly stage?: string;
  readonly rollout?: string;
  readonly addTenants?: string;
  readonly addTiers?: string;
  readonly rule?: string;
  readonly skipStages?: boolean;
  readonly reason?: string;
  readonly expect?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  rampart widen ai.support-copilot.prompt-v18 --environment development --stage dogfood --rollout 100 --dry-run
  rampart widen ai.support-copilot.prompt-v18 --environment development --stage dogfood --rollout 100 --reason "review of 2026-11-30" --yes`;

/** `rampart widen`: the next stage or percentage of a change. */
export function widenCommand(session: Session): Command {
  return withDatabase(connectedCommand('widen', 'admin'))
    .summary('give a change to more people: the next stage, a higher percentage')
    .description(
      'Widens the aiStage rule of a change in one environment: the next stage, a higher rollout, more tenants or tiers. Everything else of the rule stays. Shows what changes, and writes it with --yes if the rule is still what was read. Refuses what is not wider, and a step over a stage.',
    )
    .argument('<change>', "the change's flag, e.g. ai.support-copilot.prompt-v18")
    .option('--environment <name>', "the environment [UNLEASH_ENVIRONMENT] (default: the project's only one)")
    .option('--stage <stage>', 'internal, dogfood, canary, tier or ga (default: as it is)')
    .option('--rollout <percent>', 'percentage of the cohort that the stage adds, 0 to 100 (required with --stage)')
    .option('--add-tenants <list>', 'further canary tenants')
    .option('--add-tiers <list>', 'further tiers of the stage tier')
    .option('--rule <id>', "the rule's id in Unleash, where the change has several")
    .option('--skip-stages', 'allow a step over a stage, for a feature of priority P2')
    .option('--reason <text>', 'why: recorded with the edit where the database of the control log is configured')
    .option('--expect <digest>', 'only if the rule is still the one that an earlier run showed')
    .option('--yes', 'write it')
    .option('--dry-run', 'only show what would change')
    .addHelpText('after', EXAMPLES)
    .action((change: string, flags: Flags) => runWiden(session, change, flags));
}

async function runWiden(session: Session, change: string, flags: Flags): Promise<void> {
  if (flags.yes && flags.dryRun) misused('--yes and --dry-run contradict each other: leave one out');
  const settings = readSettings(flags, session.variables);
  const { url, project = 'default', environment, tiers: ladder } = settings;
  const client = createAdminClient({ url, token: requireAdminToken(settings), project });
  const { stage, rollout, rule, skipStages, expect } = flags;
  const [tenants, tiers] = [listOf(flags.addTenants ?? ''), listOf(flags.addTiers ?? '')];
  if (stage === undefined && rollout === undefined && tenants.length === 0 && tiers.length === 0)
    misused('nothing to widen: pass --stage, --rollout, --add-tenants or --add-tiers');
  const wider = { stage, rollout, tenants, tiers };
  const plan = await planWiden({ client, change, environment, rule, skipStages, expect, ladder, ...wider });
  const isWritten = flags.yes === true;
  if (isWritten) await widen(client, plan);
  const recorded = isWritten ? await record(session, flags, client, plan) : undefined;
  show(session, flags, plan, recorded);
}

/** What became of the edit besides the write. */
interface Recording {
  readonly isRecorded: boolean;
  /** What a person should know, and where the exit code is 1. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

const OVERWRITTEN =
  'an edit of the same rule that was made at the same moment was overwritten: rampart sync copies both edits, and rampart audit shows them';
const NO_DATABASE =
  'no database is configured, so the reason is not recorded: set RAMPART_DATABASE_URL and RAMPART_SECRET';

/** Copies the edit with its reason into the control log. What fails here does not undo the widening. */
async function record(session: Session, flags: Flags, admin: AdminClient, plan: WidenPlan): Promise<Recording> {
  try {
    const written = await findWidenEvent(admin, plan);
    const problems = written?.hasOverwritten === true ? [OVERWRITTEN] : [];
    if (!knowsDatabase(flags, session.variables))
      return { isRecorded: false, problems, notes: flags.reason === undefined ? [] : [NO_DATABASE] };
    const reasonOf = (event: number): string | undefined => (event === written?.event ? flags.reason : undefined);
    await withControl(session, flags, { for: 'write' }, async ({ store }) => {
      await createFlagEditReader({ store, admin, server: admin.url, reasonOf }).readOnce();
    });
    return { isRecorded: true, problems, notes: [] };
  } catch (error) {
    if (exitCodeOf(error) === undefined) throw error;
    const problem = `the widening is written to Unleash, but the edit was not copied into the control log: ${messageOf(error)}; rampart sync copies it, without the reason`;
    return { isRecorded: false, problems: [problem], notes: [] };
  }
}

function show(session: Session, flags: Flags, plan: WidenPlan, recording: Recording | undefined): void {
  const { flag, environment, rule, after, digest, warnings } = plan;
  const { terminal, paint } = session;
  const isWritten = recording !== undefined;
  const { problems = [], notes = [] } = recording ?? {};
  for (const warning of [...warnings, ...problems, ...notes])
    terminal.err(`${paint('yellow', 'warning:')} ${oneLine(warning)}\n`);
  if (flags.json)
    printJson(session, { flag, environment, rule: rule.id, before: rule.parameters, after, digest, isWritten });
  else {
    const diff = renderDiff(rule.parameters, after);
    const rest = isWritten
      ? [
          'Written to Unleash.',
          ...(recording.isRecorded ? ['Recorded in the control log: rampart audit shows it.'] : []),
        ]
      : [`Nothing was changed. To write it, run it again with --yes --expect ${digest}.`];
    terminal.out(`${[`${oneLine(flag)} in ${oneLine(environment)}: ${diff}`, ...rest].join('\n')}\n`);
  }
  const isConfirmed = isWritten || flags.dryRun === true;
  session.end(isConfirmed && problems.length === 0 ? EXIT.fine : EXIT.findings);
}
