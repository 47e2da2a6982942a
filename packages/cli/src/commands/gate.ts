import { type ContextNames, readSubject } from '@rampart/core';
import {
  type AdminClient,
  addParent,
  createAdminClient,
  fetchDefinitions,
  isAdminApiError,
  planAddParent,
} from '@rampart/unleash/admin';
import type { Command } from 'commander';
import type { DatabaseFlags } from '../control-settings.js';
import { EXIT, inOurWords, required, UsageError } from '../failure.js';
import { checkAccess, checkRows, checkWithoutTenants } from '../gate-checks/access.js';
import { checkApplications } from '../gate-checks/applications.js';
import { checkConsent, checkFeature, checkKills } from '../gate-checks/environment.js';
import { failed, type GateFinding, passed } from '../gate-checks/finding.js';
import { readContextNames } from '../input/context-names.js';
import { type ContextFile, readContexts } from '../input/contexts.js';
import type { ControlFlags } from '../input/control.js';
import { type GateText, renderGate } from '../output/gate-checks.js';
import { type ConnectionFlags, readSettings, requireAdminToken, type Settings } from '../settings.js';
import { asClientsSee } from '../unleash/definitions.js';
import { previewRows } from '../unleash/preview-rows.js';
import { connectedCommand, printJson, repeated, type Session } from './command.js';
import { withDatabase } from './database-command.js';
import { type RecordedState, readState } from './recorded-state.js';
import { withTenantState } from './shared-options.js';

interface Flags extends ConnectionFlags, ControlFlags, DatabaseFlags {
  readonly feature?: string;
  readonly tenants?: string;
  readonly contextName?: readonly string[];
  readonly acceptLoss?: boolean;
  readonly acceptUncheckedTenants?: boolean;
  readonly acceptEnvironment?: readonly string[];
  readonly acceptApplication?: readonly string[];
  readonly acceptUnseenApplications?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  rampart gate old-copilot --feature ai.support-copilot --tenants tenants.csv --dry-run
  rampart gate old-copilot --feature ai.support-copilot --tenants tenants.csv --consent support_copilot=opt_in --accept-unseen-applications

Where a database is configured, consent and kills are those recorded there, unless --consent or --control say otherwise.
tenants.csv is the file that preview takes. A parent counts in every environment, so each one where the flag is on is checked.`;

/** `rampart gate`: puts an existing flag behind a feature's gates, after checking that it causes no outage. */
export function gateCommand(session: Session): Command {
  const command = withDatabase(connectedCommand('gate', 'admin'))
    .summary('put an existing flag behind a feature, after checks')
    .description(
      'Makes the feature the parent of an existing flag. Checks first that the feature is on wherever the flag is on, that the consents it asks for are recorded, that no tenant of the file loses access, and that every application in Unleash knows the strategies. Where a check fails, nothing is changed and the command exits with 1.',
    )
    .argument('<flag>', 'the existing flag; its own rules stay as they are')
    .option('--feature <flag>', 'the feature that becomes its parent (required)')
    .option('--tenants <file>', 'contexts of tenants: JSON, JSON Lines, or CSV with a header');
  return withTenantState(command)
    .option('--accept-loss', 'go on although tenants of the file lose access')
    .option('--accept-unchecked-tenants', 'go on without a file of tenants')
    .addOption(repeated('--accept-environment <name>', 'an environment where the flag may go off: it is not checked'))
    .addOption(repeated('--accept-application <name>', 'an application that may get false for the flag'))
    .option(
      '--accept-unseen-applications',
      'go on where applications lack the strategies that sent no usage of the flag in 24 hours',
    )
    .option('--dry-run', 'only check')
    .addHelpText('after', EXAMPLES)
    .action((flag: string, flags: Flags) => runGate(session, flag, flags));
}

/** The flag to be gated, and where. */
interface Target {
  readonly client: AdminClient;
  readonly settings: Settings;
  readonly flag: string;
  readonly feature: string;
  readonly project: string;
}

async function runGate(session: Session, flag: string, flags: Flags): Promise<void> {
  const feature = required('--feature', flags.feature);
  const settings = readSettings(flags, session.variables);
  const project = settings.project ?? 'default';
  const client = createAdminClient({ url: settings.url, token: requireAdminToken(settings), project });
  const target: Target = { client, settings, flag, feature, project };
  const parent = await checkFlags(target);
  if (parent === 'present') return show(session, flags, { ...target, findings: [], outcome: 'present' });
  const findings = parent.result === 'problem' ? [parent] : [parent, ...(await checkRest(session, target, flags))];
  if (findings.some(({ result }) => result === 'problem'))
    return show(session, flags, { ...target, findings, outcome: 'refused' });
  if (flags.dryRun) return show(session, flags, { ...target, findings, outcome: 'dry-run' });
  await setParent(target);
  show(session, flags, { ...target, findings, outcome: 'set' });
}

/** Checks what Unleash itself demands: both flags exist in one project, and neither has another parent or child. */
async function checkFlags({ client, flag, feature, project }: Target): Promise<GateFinding | 'present'> {
  try {
    const { steps } = await planAddParent({ client, flag, feature, project });
    return steps.length === 0
      ? 'present'
      : passed('flags', '', 'both exist in one project, and the flag has no parent');
  } catch (error) {
    if (!isAdminApiError(error) || error.kind !== 'refused') throw error;
    const [found = '', ...fix] = inOurWords(error.message).split('. ');
    return failed('flags', '', { found, fix: fix.join('. ') || 'name another flag, or another feature' });
  }
}

/** What the checks of every environment share. */
interface CheckInput extends Target {
  readonly flags: Flags;
  readonly contextNames: ContextNames;
  /** The tenants to try; undefined where no file is given. */
  readonly file: ContextFile | undefined;
  readonly state: RecordedState;
}

async function checkRest(session: Session, target: Target, flags: Flags): Promise<readonly GateFinding[]> {
  const { client, flag, project } = target;
  const contextNames = readContextNames(flags.contextName);
  const file = flags.tenants === undefined ? undefined : readContexts(flags.tenants, contextNames);
  const contexts = file?.contexts ?? [];
  const tenants = contexts.flatMap(({ attributes }) => readSubject(attributes, contextNames).tenantId ?? []);
  const state = await readState(session, flags, tenants);
  const input: CheckInput = { ...target, flags, contextNames, file, state };
  const { environments } = await client.flags.get({ flag, project });
  const on = environments.filter(({ enabled }) => enabled).map(({ name }) => name);
  const findings: GateFinding[] = [];
  if (on.length === 0)
    findings.push(passed('feature', '', `${flag} is off in every environment: no tenant has it today`));
  const { acceptEnvironment = [], acceptLoss = false } = flags;
  if (on.some((environment) => !acceptEnvironment.includes(environment)))
    findings.push(
      ...checkKills(state.control.read(undefined)?.kills ?? [], { feature: target.feature, flag, acceptLoss }),
    );
  for (const environment of on) findings.push(...(await checkEnvironment(environment, input)));
  if (file !== undefined) findings.push(...checkRows(file));
  else if (on.length > 0) findings.push(checkWithoutTenants(flags.acceptUncheckedTenants ?? false));
  return [...findings, ...(await checkServices(target, flags))];
}

async function checkEnvironment(environment: string, input: CheckInput): Promise<readonly GateFinding[]> {
  const { client, settings, flag, feature, project, flags, contextNames, file, state } = input;
  const { tiers } = settings;
  if (flags.acceptEnvironment?.includes(environment)) {
    const found = `${flag} is on, and may go off here: not checked`;
    return [failed('feature', environment, { found, fix: '', isAccepted: true })];
  }
  const definitions = asClientsSee(await fetchDefinitions(client, { environment, project }));
  const place = { environment, feature, flag, definitions, tiers };
  const findings = [...checkFeature(place), ...checkConsent(place, state.consents)];
  if (file === undefined) return findings;
  // A feature that is off has a finding of its own. The preview says what would remain once it is on.
  const withFeatureOn = definitions.map((found) => (found.name === feature ? { ...found, enabled: true } : found));
  const offline = { definitions: withFeatureOn, control: state.control, tiers, contextNames };
  const rows = await previewRows({ feature, flag, set: {} }, file.contexts, offline);
  const { acceptLoss = false } = flags;
  const options = { acceptLoss, tenantName: contextNames.tenantId, feature, flag };
  return [...findings, ...checkAccess(environment, rows, options)];
}

async function checkServices({ client, flag, project }: Target, flags: Flags): Promise<readonly GateFinding[]> {
  return checkApplications(await client.applications.list(), {
    flag,
    project,
    using: await client.applications.namesUsing(flag),
    accepted: flags.acceptApplication ?? [],
    acceptUnseen: flags.acceptUnseenApplications ?? false,
  });
}

async function setParent({ client, flag, feature, project }: Target): Promise<void> {
  await addParent({ client, flag, feature, project });
  const parents = await client.dependencies.parents({ flag, project });
  if (!parents.some((parent) => parent.feature === feature && parent.enabled))
    throw new UsageError(
      `Unleash accepted ${feature} as the parent of ${flag}, but doesn't show it: look at the flag in the UI`,
    );
}

function show(session: Session, flags: Flags, text: GateText): void {
  const { flag, feature, project, findings, outcome } = text;
  if (flags.json) printJson(session, { flag, feature, project, outcome, findings });
  else session.terminal.out(renderGate({ flag, feature, project, findings, outcome }, session.paint));
  session.end(outcome === 'refused' ? EXIT.findings : EXIT.fine);
}
