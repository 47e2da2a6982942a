import { aiNameKind, type ControlSource, type Explanation, type FlagDefinition } from '@rampart/core';
import { createRampart } from '@rampart/sdk';
import type { Command } from 'commander';
import { type DatabaseFlags, knowsDatabase } from '../control-settings.js';
import { EXIT, misused, required } from '../failure.js';
import { readContextNames } from '../input/context-names.js';
import { type ControlFlags, readControl, saysConsent } from '../input/control.js';
import { readGates } from '../input/files.js';
import { readAttributes, type SubjectFlags } from '../input/subject.js';
import { isPlain, renderExplanation } from '../output/explanation.js';
import { type ConnectionFlags, readSettings } from '../settings.js';
import { asClientsSee, readFlags } from '../unleash/definitions.js';
import { isEnabled, type OfflineOptions, offlineUnleash } from '../unleash/offline.js';
import { connectedCommand, printJson, repeated, type Session } from './command.js';
import { withControl, withDatabase } from './database-command.js';
import { type Recorded, readRecorded, recordedNotes } from './recorded.js';

interface Flags extends ConnectionFlags, SubjectFlags, ControlFlags, DatabaseFlags {
  readonly gates?: string;
  readonly prefix?: string;
  readonly contextName?: readonly string[];
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  rampart explain ai.support-copilot --tenant acme --tier pro --labels "" --consent support_copilot=opt_in
  rampart explain ai.support-copilot.prompt-v18 --tenant acme --cohorts internal --control control.json

Where a database is configured, consent and kills are those recorded there, unless --consent or --control say otherwise.
A fact that is not given is unknown, and a fact that a gate needs closes it. --labels "" says: known, and none.`;

/** `rampart explain`: every gate by itself, and the decision. */
export function explainCommand(session: Session): Command {
  return withDatabase(connectedCommand('explain', 'any'))
    .summary('show what each gate saw and said for one subject')
    .description(
      'Decides a flag for one subject as a service would, and shows every gate asked by itself. Changes and counts nothing.',
    )
    .argument('<flag>', 'a feature, a change or any other flag')
    .option('--tenant <id>', 'tenant that asks (required)')
    .option('--environment <name>', 'environment in Unleash [UNLEASH_ENVIRONMENT] (default: development)')
    .option('--user <id>', 'user that asks (targetingKey)')
    .option('--tier <tier>', "the tenant's tier")
    .option('--region <region>', "the tenant's region")
    .option('--cohorts <list>', 'cohorts of the subject, e.g. internal,dogfood')
    .option('--labels <list>', 'labels of the subject, e.g. hipaa')
    .option('--complexity <number>', 'how hard the task is')
    .option('--confidence <number>', 'how sure the model is, 0 to 1')
    .option('--ai-opt-out', 'the user wants no AI')
    .option('--request-id <id>', 'the request, for review and shadow samples')
    .addOption(repeated('--attribute <name=value>', 'any other attribute of the context'))
    .addOption(repeated('--consent <class=state>', "the tenant's consent: opt_in, opt_in:VERSION, opt_out or unset"))
    .option('--control <file>', 'JSON list of control changes: consents, kills, caps')
    .option('--gates <file>', "the provider's gates map: a JSON object of flag to feature")
    .option('--prefix <text>', "flags whose name starts so must carry a Rampart strategy (default: 'ai.')")
    .addOption(repeated('--context-name <fact=name>', 'a fact that your services send under another name'))
    .addHelpText('after', EXAMPLES)
    .action((flag: string, flags: Flags) => runExplain(session, flag, flags));
}

async function runExplain(session: Session, flag: string, flags: Flags): Promise<void> {
  const tenant = required('--tenant', flags.tenant);
  if (saysConsent(flags) || !knowsDatabase(flags, session.variables)) {
    await explainWith(session, flag, flags, { control: readControl(flags, [tenant]), recorded: undefined });
    return;
  }
  await withControl(session, flags, { for: 'read' }, async (control) => {
    await explainWith(session, flag, flags, { control, recorded: await readRecorded(control, tenant) });
  });
}

interface Known {
  readonly control: ControlSource;
  /** What the database says of the tenant; undefined where it was not asked. */
  readonly recorded: Recorded | undefined;
}

async function explainWith(session: Session, flag: string, flags: Flags, { control, recorded }: Known): Promise<void> {
  const tenant = required('--tenant', flags.tenant);
  const settings = readSettings(flags, session.variables);
  const contextNames = readContextNames(flags.contextName);
  const attributes = readAttributes(flags, contextNames);
  const gates = readGates(flags.gates);
  const { environment, readAs, definitions } = await readFlags(settings);
  const options: OfflineOptions = {
    definitions: asClientsSee(definitions),
    control,
    tiers: settings.tiers,
    contextNames,
  };
  requireKnown(flag, options.definitions, { environment, gates, prefix: flags.prefix });
  const unleash = await offlineUnleash(options);
  const rampart = createRampart({ unleash, control, tiers: settings.tiers, contextNames, gates, prefix: flags.prefix });
  try {
    const explanation = rampart.explain(flag, attributes);
    const ownRules = await ownAnswer(flag, explanation, attributes, options);
    const notes = notesOf(flags, explanation, recorded);
    const enabled = isPlain(explanation) ? ownRules === true : explanation.decision.enabled && ownRules !== false;
    const text = { environment, readAs, flag, enabled, ownRules, explanation, notes };
    if (flags.json)
      printJson(session, { ...text, explanation: undefined, subject: attributes, recorded, ...explanation });
    else session.terminal.out(renderExplanation({ ...text, tenant }, session.paint));
  } finally {
    await rampart.close();
    unleash.destroy();
  }
  session.end(EXIT.fine);
}

interface Surroundings {
  readonly environment: string;
  readonly gates: Readonly<Record<string, string>>;
  readonly prefix: string | undefined;
}

function requireKnown(
  flag: string,
  definitions: readonly FlagDefinition[],
  { environment, gates, prefix }: Surroundings,
): void {
  if (definitions.some(({ name }) => name === flag)) return;
  const isAi = aiNameKind(flag, { prefix, gates: new Map(Object.entries(gates)) }) !== undefined;
  const answer = isAi ? 'a closed decision (off, gate flag, not_found)' : 'FLAG_NOT_FOUND';
  const alike = definitions.map(({ name }) => name).filter((name) => name.includes(flag) || flag.includes(name));
  const hint =
    alike.length === 0
      ? 'Check the name, the environment and the project.'
      : `Did you mean ${alike.slice(0, 5).join(', ')}?`;
  misused(
    `there is no flag ${JSON.stringify(flag)} in ${environment} (${definitions.length} flags read): a service gets ${answer}. ${hint}`,
  );
}

/** What a flag's own rules say, where they are not ours: for an ordinary flag, and for one behind a feature. */
async function ownAnswer(
  flag: string,
  { decision }: Explanation,
  attributes: ReturnType<typeof readAttributes>,
  options: OfflineOptions,
): Promise<boolean | undefined> {
  const definition = options.definitions.find(({ name }) => name === flag);
  const ours = definition?.strategies?.some(({ name }) => name === 'aiAccess' || name === 'aiStage') ?? true;
  if (ours) return undefined;
  // The feature's gates are in the table already; any other parent is part of the flag's own answer.
  const definitions = options.definitions.map((entry) =>
    entry.name === flag && entry.dependencies?.[0]?.feature === decision.feature
      ? { ...entry, dependencies: [] }
      : entry,
  );
  const unleash = await offlineUnleash({ ...options, definitions });
  const answer = isEnabled(unleash, flag, attributes);
  unleash.destroy();
  return answer;
}

function notesOf(flags: ControlFlags, explanation: Explanation, recorded: Recorded | undefined): readonly string[] {
  if (isPlain(explanation)) return [];
  if (recorded !== undefined) return recordedNotes(recorded);
  if (saysConsent(flags)) return [];
  return [
    'Consent and kill switches: none given, so every consent counts as unset and nothing is killed. Try --consent CLASS=opt_in or --control FILE, or set RAMPART_DATABASE_URL and RAMPART_SECRET to ask the database.',
  ];
}
