import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { routeConfidence } from './decision.js';
import { type Bands, DEFAULT_BANDS, MODES, minMode, ROUTES, routeFor, strictestBands } from './modes.js';

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const bands: fc.Arbitrary<Bands> = fc.tuple(fraction, fraction, fraction).map((thresholds) => {
  const [reviewFrom, confirmFrom, autoAbove] = thresholds.sort((a, b) => a - b);
  return { autoAbove, confirmFrom, reviewFrom };
});
const partial = fc.record({ autoAbove: fraction, confirmFrom: fraction, reviewFrom: fraction }, { requiredKeys: [] });

describe('bands', () => {
  test('of two, the strictest are in order and no less strict than each threshold given', () => {
    fc.assert(
      fc.property(bands, partial, (own, other) => {
        const strictest = strictestBands(own, other);
        expect(strictest.autoAbove).toBeGreaterThanOrEqual(strictest.confirmFrom);
        expect(strictest.confirmFrom).toBeGreaterThanOrEqual(strictest.reviewFrom);
        for (const [name, threshold] of Object.entries({ ...own }))
          expect(strictest[name as keyof Bands]).toBeGreaterThanOrEqual(threshold);
        for (const [name, threshold] of Object.entries(other))
          expect(strictest[name as keyof Bands]).toBeGreaterThanOrEqual(threshold);
      }),
    );
  });

  test('of two, the strictest never route more automatically', () => {
    fc.assert(
      fc.property(bands, partial, fraction, fc.constantFrom(...MODES), (own, other, confidence, mode) => {
        const before = routeFor(mode, own, confidence);
        const after = routeFor(mode, strictestBands(own, other), confidence);
        expect(ROUTES.indexOf(after)).toBeGreaterThanOrEqual(ROUTES.indexOf(before));
      }),
    );
  });

  test('are the same where nothing is given', () => {
    expect(strictestBands(DEFAULT_BANDS, {})).toEqual(DEFAULT_BANDS);
  });

  test('that are no numbers let nothing through', () => {
    const broken = strictestBands(DEFAULT_BANDS, {
      autoAbove: Number.NaN,
      confirmFrom: Number.NaN,
      reviewFrom: Number.NaN,
    });
    expect(routeFor('autonomous', broken, 1)).toBe('human');
  });
});

describe('modes', () => {
  test.each(MODES.flatMap((a, i) => MODES.map((b, j) => [a, b, MODES[Math.min(i, j)]] as const)))(
    'of %s and %s the least is %s',
    (a, b, least) => {
      expect(minMode(a, b)).toBe(least);
    },
  );
});

describe('a route asked after the answer', () => {
  const open = { enabled: true, mode: 'autonomous', bands: DEFAULT_BANDS } as const;

  test.each([
    [0.96, 'auto'],
    [0.95, 'confirm'],
    [0.8, 'confirm'],
    [0.79, 'review'],
    [0.6, 'review'],
    [0.59, 'human'],
    [Number.NaN, 'human'],
    [1.1, 'human'],
    [-0.1, 'human'],
    [undefined, 'human'],
    ['0.99', 'human'],
  ])('of confidence %s is %s', (confidence, route) => {
    expect(routeConfidence(open, confidence)).toBe(route);
  });

  test('is a human if nothing is enabled, whatever the other fields', () => {
    expect(routeConfidence({ ...open, enabled: false }, 1)).toBe('human');
    expect(routeConfidence({ ...open, mode: undefined }, 1)).toBe('human');
    expect(routeConfidence({ ...open, bands: undefined }, 1)).toBe('human');
    expect(routeConfidence({ ...open, mode: 'shadow' }, 1)).toBe('human');
  });
});
