import { randomUUID } from 'node:crypto';
import {
  type KillOrder,
  KillSwitchError,
  type OrderReport,
  type Patience,
  type ReviveOrder,
} from '@rampart/sdk/operator';
import { reportAnswer } from './answers.js';
import type { GatewayClient } from './gateway-client.js';
import { GatewayError, isGatewayError } from './gateway-error.js';

/** Kills and revivals through a gateway, which records its key's name as the actor. */
export interface GatewayOrders {
  /** @throws GatewayError */
  kill(order: Omit<KillOrder, 'actor'>, patience: Patience): Promise<OrderReport>;
  /** @throws GatewayError */
  revive(order: Omit<ReviveOrder, 'actor'>, patience: Patience): Promise<OrderReport>;
}

/** Orders of one command. */
export function createGatewayOrders(client: GatewayClient): GatewayOrders {
  return {
    kill: ({ scope, reason, environments, id: key = randomUUID() }, patience) =>
      carryOut(client, {
        path: '/v1/operator/kills',
        key,
        body: { scope, reason, environments },
        known: { scope },
        patience,
        repeat: `the same command with --entry-id ${key} repeats it, and is recorded once`,
      }),
    revive: ({ id, reason, fix, leaveOff }, patience) =>
      carryOut(client, {
        path: `/v1/operator/kills/${encodeURIComponent(id)}/revive`,
        key: randomUUID(),
        body: { reason, fix, leaveOff },
        known: { id },
        patience,
        repeat: `rampart kills shows whether ${id} is still live`,
      }).catch((error: unknown) => {
        if (!isGatewayError(error) || error.code !== 'no_such_kill') throw error;
        throw new KillSwitchError(`There is no live kill "${id}": rampart kills shows what is killed.`);
      }),
  };
}

interface GatewayOrder {
  readonly path: string;
  /** The idempotency key. */
  readonly key: string;
  readonly body: object;
  readonly known: Partial<Pick<OrderReport, 'id' | 'scope'>>;
  readonly patience: Patience;
  /** What to do where the outcome is unknown. */
  readonly repeat: string;
}

/** Repeats the request under its key while the gateway still tries: each repeat waits for the same order. */
async function carryOut(client: GatewayClient, order: GatewayOrder): Promise<OrderReport> {
  const { path, key, body, known, patience, repeat } = order;
  const { signal, onProgress } = patience;
  let latest: OrderReport | undefined;
  const request = { method: 'POST', path, body, idempotencyKey: key, answer: reportAnswer, signal } as const;
  for (;;) {
    try {
      const {
        running,
        id = known.id ?? '(not known yet)',
        scope = known.scope ?? {},
        ...rest
      } = await client.send(request);
      latest = { ...rest, id, scope };
      if (!running || latest.settled || signal?.aborted) return latest;
      onProgress?.(latest);
    } catch (error) {
      // The gateway answered before: what is known of the order is reported.
      if (latest !== undefined && signal?.aborted) return latest;
      throw withRepeat(error, repeat);
    }
  }
}

/** Adds what to do where the gateway may have carried the request out. */
export function withRepeat(error: unknown, repeat: string): unknown {
  if (!isGatewayError(error) || !error.isAmbiguous) return error;
  return new GatewayError(`${error.message}. It may have been carried out: ${repeat}`, {
    isAmbiguous: true,
    cause: error,
  });
}
