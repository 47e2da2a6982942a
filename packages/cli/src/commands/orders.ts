import type { DurableControl } from '@rampart/sdk';
import { createKillSwitch, type KillSwitch, type OrderReport, type Patience } from '@rampart/sdk/operator';
import type { AdminClient } from '@rampart/unleash/admin';
import { createAdminClient } from '@rampart/unleash/admin';
import { type ControlSettings, journalPlaceOf } from '../control-settings.js';
import { EXIT } from '../failure.js';
import { readDuration } from '../input/moment.js';
import { listOf } from '../input/pairs.js';
import { type Route, renderLeft, renderOrder, renderProgress } from '../output/order.js';
import { type ConnectionFlags, readSettings, requireAdminToken, type Settings } from '../settings.js';
import { printJson, type Session } from './command.js';

/** How long one request to Unleash may take, in ms: a hung one is tried again. */
const REQUEST_TIMEOUT = 5_000;

/** Unleash's admin API. @throws UsageError that says what is missing */
export function requireAdmin(flags: ConnectionFlags, session: Session): AdminClient {
  const settings = adminSettings(flags, session);
  const { url, project = 'default' } = settings;
  return createAdminClient({ url, token: requireAdminToken(settings), project, timeoutMs: REQUEST_TIMEOUT });
}

// Nothing keeps a kill out of the control log: not even an Unleash that this shell may only read.
function adminIfAny(flags: ConnectionFlags, session: Session): AdminClient | undefined {
  if ((flags.url ?? session.variables.url) === undefined) return undefined;
  return adminSettings(flags, session).adminToken === undefined ? undefined : requireAdmin(flags, session);
}

function adminSettings(flags: ConnectionFlags, session: Session): Settings {
  const { environment: _, ...others } = flags;
  return readSettings(others, session.variables);
}

/**
 * The kill switch of a command. `--environment` may name several; without it a flag goes off in all of them. The variable is
 * not asked: in a developer's shell it would leave production on.
 */
export function killSwitchOf(
  control: DurableControl,
  settings: ControlSettings,
  flags: ConnectionFlags,
  session: Session,
): KillSwitch {
  const environments = flags.environment === undefined ? undefined : listOf(flags.environment);
  return createKillSwitch({
    control,
    admin: adminIfAny(flags, session),
    environments,
    journal: journalPlaceOf(settings),
  });
}

/** Runs an order with a deadline, and until the person at the keyboard has had enough. */
export async function patiently<T>(
  session: Session,
  { timeout, json }: { readonly timeout?: string; readonly json?: boolean },
  work: (patience: Patience) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const enough = (): void => stop.abort();
  const limit = timeout === undefined ? undefined : setTimeout(enough, readTimeout(timeout));
  process.once('SIGINT', enough);
  process.once('SIGTERM', enough);
  const onProgress = (report: OrderReport): void => {
    if (json !== true) session.terminal.err(renderProgress(report));
  };
  try {
    return await work({ signal: stop.signal, onProgress });
  } finally {
    clearTimeout(limit);
    process.off('SIGINT', enough);
    process.off('SIGTERM', enough);
  }
}

/** A time in ms; a bare number counts seconds, as in most commands. */
export function readTimeout(timeout: string): number {
  return readDuration('--timeout', /^\d+(\.\d+)?$/.test(timeout.trim()) ? `${timeout}s` : timeout);
}

/** Shows how an order ended; 1 where it needs somebody's eye. */
export function showOrder(
  session: Session,
  report: OrderReport,
  { json, through }: { readonly json: boolean | undefined; readonly through: Route },
): void {
  if (json) printJson(session, report);
  else printOrder(session, report, through);
  session.end(isSound(report) ? EXIT.fine : isRefusedByDatabase(report) ? EXIT.failed : EXIT.findings);
}

const isRefusedByDatabase = ({ control }: OrderReport): boolean => control.errorKind !== undefined;

/** An order as text. */
export function printOrder({ terminal, paint }: Session, report: OrderReport, through: Route = 'database'): void {
  terminal.out(`${renderOrder(report, paint)}${renderLeft(report, paint, through)}`);
}

/** Whether nothing is left, and nothing needs somebody's eye. */
export function isSound({ settled, control, unleash, action }: OrderReport): boolean {
  if (!settled || control.state === 'failed' || unleash.state === 'failed') return false;
  // A kill with nothing to switch off may be one of a misspelt name.
  return action === 'revive' || unleash.notes.length === 0;
}
