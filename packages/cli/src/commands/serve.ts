import { createGateway, type GatewayConfiguration, stopGateway } from '@rampart/gateway';
import { Command } from 'commander';
import { EXIT, inOurWords, misused } from '../failure.js';
import { type CheckResult, checkGateway } from '../gateway/checks.js';
import { checkGatewaySettings, type GatewayFlags, readGatewaySettings } from '../gateway/gateway-settings.js';
import { oneLine, renderTable } from '../output/table.js';
import { printJson, type Session } from './command.js';
import { withDatabase } from './database-command.js';

interface Flags extends GatewayFlags {
  readonly json?: boolean;
}

const HELP = `
Settings come from options, then the environment, then the file: YAML or JSON, named by --config or RAMPART_GATEWAY_CONFIG.
Without a database it keeps its own in ./rampart-data, and a secret beside it, for one process.

Examples:
  rampart serve --url https://unleash.example.com --client-token-file token
  rampart serve --config gateway.yaml --check
  rampart serve --config gateway.yaml --host 0.0.0.0 --port 8080`;

/** `rampart serve`: the gateway, until it is told to stop. */
export function serveCommand(session: Session): Command {
  return withDatabase(new Command('serve'))
    .summary('run the gateway: OFREP, the Frontend API, consent and kills over HTTP')
    .description(
      'Runs the gateway until SIGTERM or SIGINT, then finishes what is under way. Logs JSON to standard output.',
    )
    .option('--config <file>', 'settings, keys and how users are known [RAMPART_GATEWAY_CONFIG]')
    .option(
      '--check',
      'try the configuration, Unleash, the database, Redis and the keys of users; start and make nothing',
    )
    .option('--host <address>', 'address to listen on, 0.0.0.0 for every one [HOST] (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on [PORT] (default: 8080)')
    .option('--url <url>', 'address of Unleash, with or without /api [UNLEASH_URL]')
    .option('--client-token-file <file>', 'file with a client token [UNLEASH_CLIENT_TOKEN holds the token itself]')
    .option('--token-file <file>', 'file with an admin token, so that kills switch flags off too [UNLEASH_ADMIN_TOKEN]')
    .option('--json', 'print what --check found as JSON')
    .addHelpText('after', HELP)
    .action((flags: Flags) => runServe(session, flags));
}

async function runServe(session: Session, flags: Flags): Promise<void> {
  if (flags.check) return check(session, flags);
  const { configuration, notes } = readGatewaySettings(flags, session.variables);
  printNotes(session, notes);
  await serve(configuration);
}

function printNotes({ terminal }: Session, notes: readonly string[]): void {
  for (const note of notes) terminal.err(`rampart: ${note}\n`);
}

async function check(session: Session, flags: Flags): Promise<void> {
  const { configuration, notes, problems, unusable } = checkGatewaySettings(flags, session.variables);
  printNotes(session, notes);
  const { terminal, paint } = session;
  if (!flags.json)
    for (const problem of problems) terminal.err(`${paint('red', 'rampart:')} ${oneLine(inOurWords(problem))}\n`);
  const checks = await checkGateway(configuration, unusable);
  if (flags.json) printJson(session, { problems, checks });
  else {
    const rows = checks.map((result) => [stateOf(session, result), result.what, oneLine(result.found)]);
    terminal.out(`${renderTable(['', 'what', 'found'], rows).join('\n')}\n`);
  }
  if (problems.length > 0) session.end(EXIT.failed);
  else session.end(checks.every(({ ok }) => ok) ? EXIT.fine : EXIT.findings);
}

function stateOf({ paint }: Session, { ok, isWarning, isSkipped }: CheckResult): string {
  if (isSkipped) return paint('yellow', 'skipped');
  if (!ok) return paint('red', 'FAILED');
  return isWarning ? paint('yellow', 'warning') : paint('green', 'ok');
}

async function serve(configuration: GatewayConfiguration): Promise<void> {
  // The address may be that of another program's database: only `rampart migrate` creates tables in a server.
  const app = createGateway({ ...configuration, migrate: false });
  const told = stopSignal();
  try {
    await app.listen({ host: configuration.host, port: configuration.port });
  } catch (error) {
    await app.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    misused(`${configuration.host}:${configuration.port}: ${code}. Choose another address with --host and --port`);
  }
  app.log.info(`rampart: stopping: ${await told}`);
  await stopGateway(app);
}

/** The first signal asks to stop; a second one, of somebody who can't wait, ends the process as it would without us. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
    const stop = (signal: NodeJS.Signals): void => {
      for (const name of signals) process.off(name, stop);
      resolve(signal);
    };
    for (const name of signals) process.on(name, stop);
  });
}
