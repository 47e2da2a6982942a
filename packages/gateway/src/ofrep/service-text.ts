import type { AiAnswer } from '@rampart/sdk';
import { serviceEntry } from './entry.js';

/** What a service is told of an AI flag, up to where the user is named: that is all that differs from user to user. */
export function beginningOf(answer: AiAnswer): string {
  const { name, subject } = answer;
  const anyone = { ...answer, subject: { ...subject, userId: undefined } };
  return JSON.stringify(serviceEntry({ key: name, name, type: undefined }, anyone)).slice(0, -'}}'.length);
}

/** What follows {@link beginningOf}. */
export function endOf(userId: string | undefined): string {
  return userId === undefined ? '}}' : `,"contextId":${JSON.stringify(userId)}}}`;
}
