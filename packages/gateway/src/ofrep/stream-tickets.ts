import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import type { GatewayConfiguration } from '../configuration.js';

/** What lets one page connect to its events: sealed, since it stands in an address, which others may log. */
export interface StreamTicket {
  /** Told to the stream alone: who knows it has been connected before. */
  readonly id: string;
  /** Whose streams are counted together; undefined: those of one network; {@link UNCOUNTED}: nobody's. */
  readonly owner: string | undefined;
  readonly tenant: string | undefined;
  readonly user: string | undefined;
  /** In ms since 1970. */
  readonly issuedAt: number;
  /** What the answer was made from that it came with. */
  readonly world: string;
}

/** How long a ticket lets somebody connect for the first time, in ms. */
export const TICKET_LIFETIME = 60_000;
/** How long it lets those come back who were connected, in ms. */
export const LONGEST_RETURN: number = 12 * 60 * 60 * 1_000;
/** The owner of streams that are not counted. */
export const UNCOUNTED = '';

const NONCE = 12;
const TAG = 16;
const LONGEST = 4_096;

/** Makes tickets and knows its own again; the same on every process that has the secret, or accepts it. */
export class StreamTickets {
  readonly #key: KeyObject;
  readonly #accepted: readonly KeyObject[];

  constructor({ secret, acceptedSecrets }: Pick<GatewayConfiguration, 'secret' | 'acceptedSecrets'>) {
    this.#key = keyOf(secret);
    this.#accepted = acceptedSecrets.map(keyOf);
  }

  seal({ id, owner, tenant, user, issuedAt, world }: StreamTicket): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    const text = JSON.stringify([id, owner ?? null, tenant ?? null, user ?? null, issuedAt, world]);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    );
  }

  /** What a ticket says; undefined for one that is not ours. Whether it still counts is for the caller to say. */
  open(sealed: string): StreamTicket | undefined {
    const bytes = sealed.length > LONGEST ? Buffer.alloc(0) : Buffer.from(sealed, 'base64url');
    if (bytes.length <= NONCE + TAG) return undefined;
    for (const key of [this.#key, ...this.#accepted]) {
      const ticket = opened(key, bytes);
      if (ticket !== undefined) return ticket;
    }
    return undefined;
  }
}

function keyOf(secret: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'rampart event stream', 32)));
}

function opened(key: KeyObject, bytes: Buffer): StreamTicket | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAuthTag(bytes.subarray(-TAG));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]).toString();
    return read(JSON.parse(text) as Written);
  } catch {
    return undefined;
  }
}

type Written = readonly [string, string | null, string | null, string | null, number, string];

function read([id, owner, tenant, user, issuedAt, world]: Written): StreamTicket {
  return {
    id,
    owner: owner ?? undefined,
    tenant: tenant ?? undefined,
    user: user ?? undefined,
    issuedAt,
    world,
  };
}

/** A name for a new stream. */
export function newStreamId(): string {
  return randomBytes(12).toString('base64url');
}
