import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { auditCommand } from './commands/audit.js';
import type { Session } from './commands/command.js';
import { consentCommand } from './commands/consent.js';
import { dataCommand } from './commands/data.js';
import { explainCommand } from './commands/explain.js';
import { exposuresCommand } from './commands/exposures.js';
import { gateCommand } from './commands/gate.js';
import { initCommand } from './commands/init.js';
import { keyCommand } from './commands/key.js';
import { killCommand } from './commands/kill.js';
import { killsCommand } from './commands/kills.js';
import { calibrationCommand, capCommand, floorCommand } from './commands/limit.js';
import { lintCommand } from './commands/lint.js';
import { migrateCommand } from './commands/migrate.js';
import { newChangeCommand } from './commands/new-change.js';
import { newFeatureCommand } from './commands/new-feature.js';
import { overrideCommand } from './commands/override.js';
import { previewCommand } from './commands/preview.js';
import { reviveCommand } from './commands/revive.js';
import { secretCommand } from './commands/secret.js';
import { serveCommand } from './commands/serve.js';
import { syncCommand } from './commands/sync.js';
import { widenCommand } from './commands/widen.js';
import type { Variables } from './environment.js';
import { EXIT, type ExitCode, exitCodeOf, messagesOf } from './failure.js';
import { refuseSurplus } from './input/surplus.js';
import { printable } from './output/printable.js';
import { oneLine } from './output/table.js';
import { paintFor, type Terminal } from './output/terminal.js';

/** What {@link run} needs. */
export interface RunOptions {
  /** Arguments after the command's name. */
  readonly args: readonly string[];
  readonly variables: Variables;
  readonly terminal: Terminal;
}

const HELP = `
Start:
  export UNLEASH_URL=https://unleash.example.com UNLEASH_ADMIN_TOKEN=...
  rampart init --dry-run
  rampart new-feature ai.support-copilot --class support_copilot --min-tier pro
  rampart new-change ai.support-copilot prompt-v18
  rampart lint
  rampart explain ai.support-copilot --tenant acme --tier pro

In an emergency:
  export RAMPART_DATABASE_URL=postgres://... RAMPART_SECRET=... REDIS_URL=redis://...
  rampart kill --feature ai.support-copilot --reason "INC-7"
  rampart kills
  export RAMPART_GATEWAY_KEY=...
  rampart kill --gateway https://gateway.example.com --feature ai.support-copilot --reason "INC-7"

Tokens, passwords and secrets come from the environment or a file, never from an argument: arguments show in process lists.
Exit codes: 0 fine, 1 findings or refused, 2 called wrongly, or Unleash or the database not reachable.`;

const COMMANDS: readonly ((session: Session) => Command)[] = [
  initCommand,
  newFeatureCommand,
  newChangeCommand,
  widenCommand,
  lintCommand,
  explainCommand,
  previewCommand,
  gateCommand,
  killCommand,
  reviveCommand,
  killsCommand,
  syncCommand,
  consentCommand,
  overrideCommand,
  capCommand,
  floorCommand,
  calibrationCommand,
  auditCommand,
  exposuresCommand,
  dataCommand,
  migrateCommand,
  secretCommand,
  serveCommand,
  keyCommand,
];

/** Runs one command and resolves with its exit code. Rejects only for a bug. */
export async function run({ args, variables, terminal }: RunOptions): Promise<ExitCode> {
  let code: ExitCode = EXIT.fine;
  const session: Session = {
    terminal: guarded(terminal),
    data: terminal.out,
    variables,
    paint: paintFor(terminal.colour),
    end: (ended) => {
      code = ended;
    },
  };
  try {
    await program(session).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.failed;
    const failed = exitCodeOf(error);
    if (failed === undefined) throw error;
    for (const message of messagesOf(error))
      session.terminal.err(`${session.paint('red', 'rampart:')} ${oneLine(message)}\n`);
    return failed;
  }
}

/** Nothing that a command prints reorders, hides or overwrites what stands beside it. */
function guarded({ out, err, colour }: Terminal): Terminal {
  return { colour, out: (text) => out(printable(text, colour)), err: (text) => err(printable(text, colour)) };
}

function program(session: Session): Command {
  const { out, err } = session.terminal;
  const root = new Command('rampart')
    .description('Rampart: AI rollouts on the Unleash you already run.')
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'show help')
    .addHelpText('after', HELP);
  for (const make of COMMANDS) root.addCommand(make(session));
  root.hook('preAction', (_, command) => refuseSurplus(command));
  for (const command of [root, ...root.commands, ...root.commands.flatMap((group) => group.commands)]) {
    command
      // refuseSurplus reports them, with a better hint.
      .allowExcessArguments()
      .helpOption('--help', 'show help')
      .configureOutput({
        writeOut: out,
        writeErr: err,
        outputError: (text, write) => write(text.replace(/^error:/, 'rampart:')),
      })
      .showHelpAfterError('(rampart --help, or rampart COMMAND --help, shows what is possible)')
      .exitOverride();
  }
  return root;
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
