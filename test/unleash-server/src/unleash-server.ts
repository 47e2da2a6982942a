import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { newCredentials, newSecret, type TokenPerEnvironment, tokenSettings } from './credentials.js';
import type { Report, Settings } from './protocol.js';

/** Major version: 7.5.1 (Apache-2.0) or 8.2.0 (AGPLv3). */
export type UnleashVersion = '7' | '8';

export interface UnleashServerOptions {
  /** @default '8' */
  readonly version?: UnleashVersion;
  /**
   * Port on 127.0.0.1. The start fails if it is taken.
   * @default a free one, kept across `kill` and `start`
   */
  readonly port?: number;
  /**
   * The administrator who may log in to the UI.
   * @default 'admin' with a random password
   */
  readonly user?: UnleashUser;
  /**
   * Gets a line for every slow step of the start and every warning of Unleash.
   * @default nothing is printed
   */
  readonly log?: (line: string) => void;
}

export interface UnleashUser {
  readonly username: string;
  readonly password: string;
}

/** A running Unleash with the project `default` and the environments `development` and `production`, both without flags. */
export interface UnleashServer {
  readonly version: UnleashVersion;
  /** Address of the UI, without a slash at the end. */
  readonly url: string;
  /** What an Unleash SDK takes as its `url`. */
  readonly apiUrl: string;
  /** May do everything through the admin API. */
  readonly adminToken: string;
  /** Tokens for server-side SDKs, by environment. */
  readonly clientToken: TokenPerEnvironment;
  /** Tokens for the Frontend API, by environment. */
  readonly frontendToken: TokenPerEnvironment;
  /** Login for the UI. */
  readonly user: UnleashUser;
  /** Process id; undefined while killed. */
  readonly pid: number | undefined;
  /** Ends the process at once, as a crash would, and keeps the data. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** After `kill`: starts again on the same port, with the same data and tokens. Does nothing while it runs. */
  start(): Promise<void>;
  /** Ends the process and removes its data. Can be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a real Unleash, UI included, in a process of its own that dies with this one. Resolves when it answers.
 *
 * @throws Error with the server's own words if it can't start.
 */
export async function startUnleashServer(options: UnleashServerOptions = {}): Promise<UnleashServer> {
  const { version = '8', port = 0, log = () => {} } = options;
  const user = options.user ?? { username: 'admin', password: newSecret() };
  const credentials = newCredentials();
  const settings: Settings = {
    package: `unleash-server-${version}`,
    folder: await mkdtemp(join(tmpdir(), 'rampart-unleash-')),
    port,
    tokens: tokenSettings(credentials),
    user,
    secret: credentials.secret,
  };
  const first = await launch(settings, log);
  return control({ ...settings, port: first.port }, first.child, log, {
    version,
    url: `http://127.0.0.1:${first.port}`,
    apiUrl: `http://127.0.0.1:${first.port}/api`,
    adminToken: credentials.adminToken,
    clientToken: credentials.clientToken,
    frontendToken: credentials.frontendToken,
    user,
  });
}

type Facts = Omit<UnleashServer, 'pid' | 'kill' | 'start' | 'stop'>;

function control(settings: Settings, first: ChildProcess, log: (line: string) => void, facts: Facts): UnleashServer {
  let child = first;
  return {
    ...facts,
    get pid() {
      return isRunning(child) ? child.pid : undefined;
    },
    async kill() {
      await end(child, 'SIGKILL');
    },
    async start() {
      if (!isRunning(child)) child = (await launch(settings, log)).child;
    },
    async stop() {
      await end(child, 'SIGTERM');
      await rm(settings.folder, { recursive: true, force: true });
    },
  };
}

async function launch(settings: Settings, log: (line: string) => void): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(new URL('./server-process.mjs', import.meta.url)), {
    // Neither the loaders of this process nor its environment, in which Unleash would find options of its own.
    execArgv: ['--no-deprecation'],
    env: {
      ...pick(process.env, ['PATH', 'HOME', 'TMPDIR', 'LANG']),
      NODE_ENV: 'production',
      CHECK_VERSION: 'false',
      SEND_TELEMETRY: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said: string[] = [];
  const hear = (line: string): void => {
    said.push(line);
    log(line);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface(stream).on('line', hear);
  }
  child.send(settings);
  try {
    return { child, port: await readyPort(child, hear) };
  } catch (cause) {
    await end(child, 'SIGKILL');
    await rm(settings.folder, { recursive: true, force: true });
    throw new Error([`${settings.package} did not start: ${(cause as Error).message}`, ...said].join('\n'), { cause });
  }
}

function readyPort(child: ChildProcess, hear: (line: string) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('message', (report: Report) => {
      if (report.kind === 'log') hear(report.line);
      if (report.kind === 'ready') resolve(report.port);
      if (report.kind === 'failed') reject(new Error(report.message));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`its process ended (${signal ?? code})`)));
  });
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** How long a server may take to leave before it is killed, in milliseconds. */
const patience = 5_000;

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (!isRunning(child)) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const insist = setTimeout(() => child.kill('SIGKILL'), patience);
  await gone;
  clearTimeout(insist);
}

function pick(environment: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.map((name) => [name, environment[name]]).filter(([, value]) => value !== undefined));
}
