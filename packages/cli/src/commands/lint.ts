import { lint } from '@rampart/unleash/admin';
import type { Command } from 'commander';
import { EXIT } from '../failure.js';
import { readGates } from '../input/files.js';
import { renderFindings } from '../output/findings.js';
import { counted } from '../output/table.js';
import { type ConnectionFlags, readSettings } from '../settings.js';
import { readFlags } from '../unleash/definitions.js';
import { connectedCommand, printJson, type Session } from './command.js';

interface Flags extends ConnectionFlags {
  readonly gates?: string;
  readonly prefix?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** `rampart lint`: every configuration error of an environment. */
export function lintCommand(session: Session): Command {
  return connectedCommand('lint', 'any')
    .summary('find configuration errors among all flags of an environment')
    .description(
      'Checks all flags of an environment as clients get them. An error closes its flag at gate config; a warning breaks a convention. Exits with 1 where there are errors.',
    )
    .option('--environment <name>', 'environment in Unleash [UNLEASH_ENVIRONMENT] (default: development)')
    .option('--gates <file>', "the provider's gates map: a JSON object of flag to feature")
    .option('--prefix <text>', "flags whose name starts so must carry a Rampart strategy (default: 'ai.')")
    .option('--strict', 'exit with 1 on warnings too')
    .addHelpText(
      'after',
      '\nExamples:\n  rampart lint --environment production --strict\n  rampart lint --gates gates.json --json',
    )
    .action((flags: Flags) => runLint(session, flags));
}

async function runLint(session: Session, flags: Flags): Promise<void> {
  const settings = readSettings(flags, session.variables);
  const gates = readGates(flags.gates);
  const { environment, definitions } = await readFlags(settings);
  const findings = lint(definitions, { tiers: settings.tiers, gates, prefix: flags.prefix });
  if (flags.json) printJson(session, { environment, flags: definitions.length, findings });
  else {
    const where = settings.project === undefined ? '' : `, project ${settings.project}`;
    session.terminal.out(
      renderFindings(findings, `${counted(definitions.length, 'flag')} of ${environment}${where}`, session.paint),
    );
  }
  const failing = findings.some(({ severity }) => severity === 'error' || flags.strict === true);
  session.end(failing ? EXIT.findings : EXIT.fine);
}
