import type { LogBatch, LogEntry } from '@rampart/core';
import { readEffect, writeEffect } from '../codec.js';
import type { Mac } from '../mac.js';
import { channelOf } from './names.js';

/** The head of the log, as a relay read it after it was asked. */
export type RelayedHead = Omit<LogBatch, 'entries'>;

/** Where a follower waits for its answer, and the number that the answer has to name. */
export interface HeadRequest {
  readonly follower: string;
  readonly nonce: string;
}

/** Keys and channels of the relays of an environment; in a cluster all lie on one server. */
export interface RelayNames {
  readonly questions: string;
  entries(epoch: string): string;
  answers(follower: string): string;
}

export function relayNames(environment: string): RelayNames {
  return {
    questions: channelOf(environment, 'relay:questions'),
    entries: (epoch) => channelOf(environment, `relay:entries:${epoch}`),
    answers: (follower) => channelOf(environment, `relay:answers:${follower}`),
  };
}

export function writeQuestion({ follower, nonce }: HeadRequest): string {
  return `${follower}.${nonce}`;
}

/** Parses the text of {@link writeQuestion}, which is not signed. */
export function readRequest(text: unknown): HeadRequest | undefined {
  const [, follower, nonce] = (typeof text === 'string' && /^([\w-]{8,40})\.([\w-]{22})$/.exec(text)) || [];
  return follower === undefined || nonce === undefined ? undefined : { follower, nonce };
}

export function encodeResponse(mac: Mac, nonce: string, { epoch, head, now }: RelayedHead): string {
  return JSON.stringify([nonce, epoch, head, now, mac.sign(['answer', nonce, epoch, head, now])]);
}

/** What {@link encodeResponse} wrote with the same secret; undefined where the text is anything else. */
export function readAnswer(mac: Mac, text: string): (RelayedHead & { readonly nonce: string }) | undefined {
  const parts = list(text);
  const [nonce, epoch, head, now, given] = parts;
  // The mac is over texts: 1 and "1" have the same.
  if (parts.length !== 5 || !isText(nonce) || !isText(epoch) || !isNumber(head) || !isNumber(now)) return undefined;
  return mac.isValid(given, ['answer', nonce, epoch, head, now]) ? { nonce, epoch, head, now } : undefined;
}

export function writeEntry(mac: Mac, epoch: string, { position, effect }: LogEntry): string {
  const text = writeEffect(effect);
  return JSON.stringify([position, text, mac.sign(['entry', epoch, position, text])]);
}

/** What {@link writeEntry} wrote with the same secret for this epoch; undefined where the text is anything else. */
export function readEntry(mac: Mac, epoch: string, text: unknown): LogEntry | undefined {
  const parts = list(text);
  const [position, effectText, given] = parts;
  if (parts.length !== 3 || !isNumber(position) || !isText(effectText)) return undefined;
  if (!mac.isValid(given, ['entry', epoch, position, effectText])) return undefined;
  const effect = readEffect(effectText);
  return effect && { position, effect };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);

function list(text: unknown): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(String(text));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
