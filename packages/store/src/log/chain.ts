import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { ControlInputError, type LogPosition } from '@rampart/core';
import type { SignedHead } from '../api/verification.js';

/** The columns of an entry that its mac covers. */
export interface EntryRow {
  readonly position: number;
  readonly id: string;
  readonly kind: string;
  /** Pseudonym of the tenant or user; empty without one. */
  readonly subject: string;
  readonly recorded_at: number;
  /** Commitment to the payload. */
  readonly what: string;
  /** Commitment to the author: actor and reason. */
  readonly who: string;
}

/** Signatures of one secret. Its keys are derived from the secret and never stored. */
export interface Chain {
  /** The mac before the first entry. */
  genesis(epoch: string): string;
  /** The mac of an entry after the previous mac. */
  mac(previous: string, row: EntryRow): string;
  /** Identifies the secret without revealing it. */
  keyCheck(): string;
  /** Signs the rotation to the secret with another key check, after the entry with the previous mac. */
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

/** The digest of data beside the log. The salt prevents guessing of short data. */
export function commitment(salt: string, data: string): string {
  return createHash('sha256').update(salt).update(data).digest('hex');
}

export function newSalt(): string {
  return randomBytes(16).toString('hex');
}

/** @throws ControlInputError for an invalid head */
export function readHead(value: SignedHead): SignedHead & LogPosition {
  const { epoch, position, mac, at, signature } = value;
  const texts = [epoch, mac, signature].every((text) => typeof text === 'string');
  if (texts && Number.isSafeInteger(position) && position >= 0 && Number.isSafeInteger(at)) return value;
  throw new ControlInputError('heads', value, 'hand in what head() returned, unchanged');
}

function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}

// Length prefixes make the encoding of lists unambiguous.
function hmac(key: Buffer, parts: readonly string[]): string {
  const text = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  return createHmac('sha256', key).update(text).digest('hex');
}

export function timingSafeEqualText(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
