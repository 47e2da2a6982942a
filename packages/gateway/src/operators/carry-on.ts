import { setTimeout as delay } from 'node:timers/promises';
import type { OrderReport, Patience } from '@rampart/sdk/operator';
import type { App, Gateway } from '../gateway.js';
import { repeat } from '../service/repeat.js';

/** How long an operator waits for both halves of an order, in ms. */
const PATIENCE = 5_000;
/** How often it is looked whether an order was left unfinished, also by another process, in ms. */
const LOOK = 60_000;
/** An order so young is somebody's who is still at it, in ms. */
const RECENT = 30_000;

/** A report of an order of which nothing is known yet. */
export type Reached = Omit<OrderReport, 'id' | 'scope'> & Partial<Pick<OrderReport, 'id' | 'scope'>>;

/** An order to carry out. */
interface Running {
  readonly action: OrderReport['action'];
  readonly start: (patience: Patience) => Promise<OrderReport>;
  /** Ends the trying. */
  readonly signal: AbortSignal;
  readonly log: Gateway['log'];
}

/** Answers how far an order got after a while at the latest. It goes on until it holds. */
export async function carryOn({ action, start, signal, log }: Running): Promise<Reached> {
  let latest: Reached = nothingYet(action);
  const running = start({ signal, onProgress: (report) => void (latest = report) });
  const waiting = new AbortController();
  const late = delay(PATIENCE, undefined, { signal: waiting.signal }).catch(() => undefined);
  try {
    return (await Promise.race([running, late])) ?? latest;
  } finally {
    waiting.abort();
    running.then(
      ({ settled, id }) => settled || log.warn(`${action} ${id} is not finished yet`),
      () => undefined,
    );
  }
}

function nothingYet(action: OrderReport['action']): Reached {
  const half = { state: 'pending', since: Date.now(), attempts: 0, notes: [] } as const;
  return { action, control: half, unleash: { ...half, switched: [] }, settled: false };
}

/** Finishes what any process left unfinished in Unleash, as long as the gateway runs. */
export function finishOrders(app: App, { killSwitch, configuration, stopping, log }: Gateway): void {
  if (killSwitch === undefined || configuration.unleash.adminToken === undefined) return;
  const work = async (): Promise<void> => {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(LOOK / 2)]);
    const resumed = await killSwitch.resume({ leaveRecent: RECENT, signal }).catch((error: Error) => error);
    if (resumed instanceof Error) log.warn(`orders that are under way can't be finished: ${resumed.message}`);
  };
  repeat(app, { every: LOOK, work });
}
