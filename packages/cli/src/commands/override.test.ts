import type { ControlItem } from '@rampart/sdk/operator';
import { describe, expect, it } from 'vitest';
import { lastRevision } from './override.js';

const EPOCH = '3f9c2a1b';
const override = { id: 'ai.x', flag: 'ai.x', force: 'off', reason: 'INC-7', until: 1 } as const;
const recordedAs = (position: number): ControlItem => ({
  change: { kind: 'override', tenant: 'acme', override },
  revision: `${EPOCH}.${position}`,
  at: 0,
});

/** A log that ends at 7; somebody else records the same override as 8 right after it was looked for. */
function busyStore(before: readonly ControlItem[]) {
  let items = before;
  return {
    head: async () => ({ epoch: EPOCH, position: items === before ? 7 : 8, mac: 'm', at: 0, signature: 's' }),
    async items() {
      const read = items;
      items = [recordedAs(8)];
      return read;
    },
  };
}

describe('an override that is set while somebody else records it', () => {
  it.each<[string, readonly ControlItem[], string]>([
    ['the head before that, where there was none', [], `${EPOCH}.7`],
    ['the one that was there', [recordedAs(3)], `${EPOCH}.3`],
  ])('is recorded against %s', async (_, before, expected) => {
    expect(await lastRevision(busyStore(before), 'acme', 'ai.x')).toBe(expected);
  });
});
