import { createHmac, hkdfSync, randomUUID, timingSafeEqual } from 'node:crypto';
import type { GatewayConfiguration } from '../configuration.js';

/** What a page was given, so that it can say once whether it helped. */
export interface FeedbackSubject {
  readonly feature: string;
  readonly change: string | undefined;
  readonly variant: string | undefined;
  readonly tenant: string | undefined;
  readonly user: string | undefined;
}

/** A ticket that was found to be ours. */
export interface FeedbackTicket extends FeedbackSubject {
  /** Names the decision: what is said of it a second time doesn't count. */
  readonly nonce: string;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

/** How long a page may say something of a decision, in ms. */
export const FEEDBACK_LIFETIME: number = 24 * 60 * 60 * 1_000;
const LONGEST = 4_096;

interface Written {
  readonly f: string;
  readonly c?: string | undefined;
  readonly v?: string | undefined;
  readonly t?: string | undefined;
  readonly u?: string | undefined;
  readonly n: string;
  readonly e: number;
}

/** Makes tickets for decisions that pages were given, and knows its own again; the same on every process. */
export class FeedbackTickets {
  readonly #key: Buffer;
  readonly #accepted: readonly Buffer[];

  /** With the secrets of the control log. */
  constructor({ secret, acceptedSecrets }: Pick<GatewayConfiguration, 'secret' | 'acceptedSecrets'>) {
    this.#key = keyOf(secret);
    this.#accepted = acceptedSecrets.map(keyOf);
  }

  make({ feature, change, variant, tenant, user }: FeedbackSubject, now: number = Date.now()): string {
    const written: Written = {
      f: feature,
      c: change,
      v: variant,
      t: tenant,
      u: user,
      n: randomUUID(),
      e: now + FEEDBACK_LIFETIME,
    };
    const body = `v1.${Buffer.from(JSON.stringify(written)).toString('base64url')}`;
    return `${body}.${macOf(this.#key, body).toString('base64url')}`;
  }

  /** What a ticket says; undefined for one that is not ours, or too old. */
  verify(ticket: string, now: number = Date.now()): FeedbackTicket | undefined {
    if (ticket.length > LONGEST) return undefined;
    const [version, body, mac, ...rest] = ticket.split('.');
    if (version !== 'v1' || body === undefined || mac === undefined || rest.length > 0) return undefined;
    const said = Buffer.from(mac, 'base64url');
    const isGenuine = [this.#key, ...this.#accepted].some((key) => {
      const wanted = macOf(key, `v1.${body}`);
      return said.length === wanted.length && timingSafeEqual(said, wanted);
    });
    if (!isGenuine) return undefined;
    const { f, c, v, t, u, n, e } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Written;
    if (e <= now) return undefined;
    return { feature: f, change: c, variant: v, tenant: t, user: u, nonce: n, expiresAt: e };
  }
}

function keyOf(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'rampart feedback', 32));
}

function macOf(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
