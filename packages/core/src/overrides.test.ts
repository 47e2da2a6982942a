import { describe, expect, it } from 'vitest';
import { EMPTY_TENANT } from './control.js';
import { hasEnded, withoutEnded } from './overrides.js';

const override = (force: 'on' | 'off') => ({ id: 'o', flag: 'ai.x', force, reason: 'INC-7', until: 1_000 }) as const;

describe('hasEnded', () => {
  it.each<['on' | 'off', number, number, boolean]>([
    ['on', 900, 999, false],
    ['on', 900, 1_000, true],
    ['on', 1_000, 1_100, true],
    ['off', 900, 999, false],
    ['off', 900, 1_000, false],
    ['off', 999, 5_000, false],
    ['off', 1_000, 1_100, true],
  ])('force %s at %d to %d: %s, as in decisions', (force, earliest, latest, ended) => {
    const now = { earliest, latest };
    expect(hasEnded(override(force), now)).toBe(ended);
    const acting = withoutEnded({ ...EMPTY_TENANT, overrides: [override(force)] }, now).overrides ?? [];
    expect(acting).toHaveLength(ended ? 0 : 1);
  });

  it('where the time is unknown a force-off still acts and a force-on does not', () => {
    expect([hasEnded(override('on'), undefined), hasEnded(override('off'), undefined)]).toEqual([true, false]);
  });
});
