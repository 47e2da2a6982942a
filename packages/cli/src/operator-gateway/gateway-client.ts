import { setTimeout as pause } from 'node:timers/promises';
import { proxyFetch } from '@rampart/sdk/operator';
import type { z } from 'zod';
import type { GatewayConnection } from './gateway-connection.js';
import { GatewayError, isGatewayError } from './gateway-error.js';
import { failureOfAnswer, failureOfContent, failureOfTransport } from './gateway-failure.js';

/** How long one request may take, in ms. The gateway itself waits up to 5 s for both halves of an order. */
const REQUEST_TIMEOUT_MS = 15_000;
/** How long a request is repeated after its connection broke, in ms. A request that timed out is not repeated. */
const RETRY_FOR_MS = 10_000;
/** Pauses between two attempts, in ms: doubled from the first to the longest. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 2_000;

/** One request. */
interface GatewayRequest<T> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From `/v1`, with its query. */
  readonly path: string;
  readonly body?: object | undefined;
  /** Makes a request that writes repeatable; required for all that write. */
  readonly idempotencyKey?: string | undefined;
  readonly answer: z.ZodType<T>;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests to a gateway as an operator. */
export interface GatewayClient {
  /**
   * Repeats a request whose connection broke for up to 10 s, a write under the same idempotency key.
   *
   * @throws GatewayError
   */
  send<T>(request: GatewayRequest<T>): Promise<T>;
}

/** Connects to nothing yet. */
export function createGatewayClient(connection: GatewayConnection): GatewayClient {
  return {
    async send(request) {
      const end = performance.now() + RETRY_FOR_MS;
      for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, MAX_PAUSE_MS)) {
        try {
          return await sendOnce(connection, request);
        } catch (error) {
          if (!isGatewayError(error) || !error.isTransient || request.signal?.aborted) throw error;
          const rest = Math.max(wait, error.retryAfterMs);
          if (performance.now() + rest > end) throw error;
          await pause(rest, undefined, { signal: request.signal }).catch(() => undefined);
          if (request.signal?.aborted) throw error;
        }
      }
    },
  };
}

async function sendOnce<T>({ url, key }: GatewayConnection, request: GatewayRequest<T>): Promise<T> {
  const { method, path, body, idempotencyKey, answer } = request;
  const headers = {
    authorization: `Bearer ${key}`,
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  const response = await reach(url, request.signal, async () => {
    const init = { method, headers, signal, redirect: 'manual' } as const;
    const reply = await proxyFetch(
      `${url}${path}`,
      body === undefined ? init : { ...init, body: JSON.stringify(body) },
    );
    return { ok: reply.ok, status: reply.status, headers: reply.headers, text: await reply.text() };
  });
  if (!response.ok) throw failureOfAnswer({ ...response, url });
  const parsed = answer.safeParse(json(response.text));
  if (!parsed.success) throw failureOfContent(url);
  return parsed.data;
}

async function reach<T>(url: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted)
      throw new GatewayError(`gateway ${url} did not answer before the command was stopped`, { isAmbiguous: true });
    throw failureOfTransport(url, error, REQUEST_TIMEOUT_MS);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
