import type { ControlChange } from '@rampart/core';
import { describe, expect, test } from 'vitest';
import { isNarrowing } from './item.js';

const prefer = (mode?: 'shadow' | 'suggestion', autoAbove?: number): ControlChange => ({
  kind: 'preference',
  tenant: 't',
  ...(mode !== undefined && { mode }),
  ...(autoAbove !== undefined && { bands: { autoAbove } }),
});

describe('a preference', () => {
  test.each([
    ['a lower mode', prefer('suggestion', 0.9), prefer('shadow', 0.9)],
    ['the same mode and higher bands', prefer('suggestion', 0.9), prefer('suggestion', 0.95)],
    ['a first mode', prefer(undefined, 0.9), prefer('suggestion', 0.9)],
    ['first bands', prefer('suggestion'), prefer('suggestion', 0.1)],
  ])('%s can only take away', (_what, before, after) => {
    expect(isNarrowing(before, after)).toBe(true);
  });

  test.each([
    ['a higher mode', prefer('shadow', 0.9), prefer('suggestion', 0.9)],
    ['lower bands, whatever the mode', prefer('suggestion', 0.9), prefer('shadow', 0.8)],
    ['no mode any more', prefer('suggestion', 0.9), prefer(undefined, 0.9)],
    ['no bands any more', prefer('suggestion', 0.9), prefer('shadow')],
  ])('%s may give', (_what, before, after) => {
    expect(isNarrowing(before, after)).toBe(false);
  });
});
