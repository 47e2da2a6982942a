import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { ControlInputError, type LogPosition } from '@rampart/core';
import type { SignedHead } from '../api/verification.js';

/** The columns of an entry that its mac stands for. */
export interface EntryRow {
  readonly position: number;
  readonly id: string;
  readonly kind: string;
  /** Pseudonym of the tenant or user it is about; empty where it is about none. */
  readonly subject: string;
  readonly recorded_at: number;
  /** Commitment to what was changed. */
  readonly what: string;
  /** Commitment to who changed it, and why. */
  readonly who: string;
}

/** What one secret signs. Its keys are made from the secret, and stored nowhere. */
export interface Chain {
  /** What the first entry follows. */
  genesis(epoch: string): string;
  /** The mac of an entry that follows one. */
  mac(previous: string, row: EntryRow): string;
  /** Tells this secret from another, without telling it. */
  keyCheck(): string;
  /** Signs that the secret with another check follows this one, after the entry with this mac. */
  endorse(previous: string, nextCheck: string): string;
  isEndorsed(endorsement: string, previous: string, nextCheck: string): boolean;
  sign(head: Omit<SignedHead, 'signature'>): SignedHead;
  isSigned(head: SignedHead): boolean;
}

export function createChain(secret: string): Chain {
  const entries = deriveKey(secret, 'rampart control log');
  const heads = deriveKey(secret, 'rampart control log heads');
  const keyCheck = hmac(entries, ['check']);
  const signature = ({ epoch, position, mac, at }: Omit<SignedHead, 'signature'>) =>
    hmac(heads, ['head', epoch, String(position), mac, String(at)]);
  const endorse = (previous: string, nextCheck: string) => hmac(entries, ['rotation', previous, nextCheck]);
  return {
    genesis: (epoch) => hmac(entries, ['genesis', epoch]),
    mac: (previous, { position, id, kind, subject, recorded_at: at, what, who }) =>
      hmac(entries, ['entry', previous, String(position), id, kind, subject, String(at), what, who]),
    keyCheck: () => keyCheck,
    endorse,
    isEndorsed: (endorsement, previous, nextCheck) => timingSafeEqualText(endorse(previous, nextCheck), endorsement),
    sign: (head) => ({ ...head, signature: signature(head) }),
    isSigned: (head) => timingSafeEqualText(signature(head), head.signature),
  };
}

/** The digest that stands in the log for data beside it. The salt keeps short data from being guessed. */
export function commitment(salt: string, data: string): string {
  return createHash('sha256').update(salt).update(data).digest('hex');
}

export function newSalt(): string {
  return randomBytes(16).toString('hex');
}

/** @throws ControlInputError for what is no head */
export function readHead(value: SignedHead): SignedHead & LogPosition {
  const { epoch, position, mac, at, signature } = value;
  const texts = [epoch, mac, signature].every((text) => typeof text === 'string');
  if (texts && Number.isSafeInteger(position) && position >= 0 && Number.isSafeInteger(at)) return value;
  throw new ControlInputError('heads', value, 'hand in what head() returned, unchanged');
}

function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}

// Lengths first: no two lists of texts give the same bytes.
function hmac(key: Buffer, parts: readonly string[]): string {
  const text = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  return createHmac('sha256', key).update(text).digest('hex');
}

export function timingSafeEqualText(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
