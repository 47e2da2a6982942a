import { setTimeout as delay } from 'node:timers/promises';
import type { OrderReport, Patience } from '@rampart/sdk/operator';
import { LRUCache } from 'lru-cache';
import type { App, Gateway } from '../gateway.js';
import { repeat } from '../service/repeat.js';

/** How long an operator waits for both halves of an order, in ms. */
const PATIENCE = 5_000;
/** How often it is looked whether an order was left unfinished, also by another process, in ms. */
const LOOK = 60_000;
/** An order so young is somebody's who is still at it, in ms. */
const RECENT = 30_000;

/** A report of an order of which nothing is known yet. */
export type Reached = Omit<OrderReport, 'id' | 'scope'> & Pick<Running, 'id' | 'scope'>;

/** How many orders a repeated request can join, and for how long, in ms. */
const MAX_RUNS = 1_000;
const RUN_TTL_MS = 600_000;

/** An order to carry out. */
interface Running {
  readonly action: OrderReport['action'];
  /** That of the kill, where it is known. */
  readonly id?: string | undefined;
  readonly scope?: OrderReport['scope'] | undefined;
  /** Made from the idempotency key and the content: a repeated request joins the first. Undefined without a key. */
  readonly repeatKey: string | undefined;
  readonly start: (patience: Patience) => Promise<OrderReport>;
}

/** One order in this process. */
interface Run {
  readonly ended: Promise<OrderReport>;
  readonly state: { latest: Reached; isRunning: boolean };
}

/** How far an order is, and whether this process still tries. */
export interface Progress {
  readonly reached: Reached;
  readonly isRunning: boolean;
}

/** Carries orders out in this process, on after the request for them was answered. */
export class OrderRuns {
  readonly #runs = new LRUCache<string, Run>({ max: MAX_RUNS, ttl: RUN_TTL_MS });
  readonly #signal: AbortSignal;
  readonly #log: Gateway['log'];

  /** @param signal ends the trying */
  constructor(signal: AbortSignal, log: Gateway['log']) {
    this.#signal = signal;
    this.#log = log;
  }

  /** Answers how far an order got after a while at the latest. It goes on until it holds. */
  async carryOn(order: Running): Promise<Progress> {
    const known = order.repeatKey === undefined ? undefined : this.#runs.get(order.repeatKey);
    const run = known ?? this.#begin(order);
    const waiting = new AbortController();
    const late = delay(PATIENCE, undefined, { signal: waiting.signal }).catch(() => undefined);
    try {
      const reached = (await Promise.race([run.ended, late])) ?? run.state.latest;
      return { reached, isRunning: run.state.isRunning };
    } finally {
      waiting.abort();
    }
  }

  #begin({ repeatKey, start, ...order }: Running): Run {
    const state: Run['state'] = { latest: nothingYet(order), isRunning: true };
    const patience = { signal: this.#signal, onProgress: (report: OrderReport) => void (state.latest = report) };
    const work = async (): Promise<OrderReport> => {
      try {
        const report = await start(patience);
        if (!report.settled) this.#log.warn(`${report.action} ${report.id} is not finished yet`);
        return report;
      } catch (error) {
        // Nothing was ordered: a repeated request tries again.
        if (repeatKey !== undefined) this.#runs.delete(repeatKey);
        throw error;
      } finally {
        state.isRunning = false;
      }
    };
    const run = { ended: work(), state };
    // The request may have been answered by then.
    run.ended.catch(() => undefined);
    if (repeatKey !== undefined) this.#runs.set(repeatKey, run);
    return run;
  }
}

function nothingYet(order: Omit<Running, 'repeatKey' | 'start'>): Reached {
  const half = { state: 'pending', since: Date.now(), attempts: 0, notes: [] } as const;
  return { ...order, control: half, unleash: { ...half, switched: [] }, settled: false };
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
