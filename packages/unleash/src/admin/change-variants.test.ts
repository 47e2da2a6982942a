import { expect, it } from 'vitest';
import { changeVariants, type NewVariant } from './change-variants.js';

const shares = (...variants: readonly NewVariant[]) =>
  changeVariants(variants, 'tenantId').map(({ weight, weightType }) => [weight, weightType]);

it('always leaves one variant that takes the rest, because Unleash refuses a rule without one', () => {
  expect(shares({ name: 'a', weight: 100 })).toEqual([[1000, 'variable']]);
  expect(shares({ name: 'a', weight: 30 }, { name: 'b', weight: 70 })).toEqual([
    [300, 'fix'],
    [700, 'variable'],
  ]);
  expect(shares({ name: 'a' }, { name: 'b', weight: 70 })).toEqual([
    [300, 'variable'],
    [700, 'fix'],
  ]);
});

it('refuses weights that are not 100 together', () => {
  expect(() => shares({ name: 'a', weight: 30 }, { name: 'b', weight: 60 })).toThrow(/add up to 90%/);
});
