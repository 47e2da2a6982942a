import { describe, expect, it } from 'vitest';
import { nearestHint, nearestNames } from './nearest-names.js';

const SETTINGS = ['host', 'port', 'environment', 'origins', 'maxStaleness', 'trustedProxies', 'docs', 'keys'];

describe('nearestNames', () => {
  it.each([
    ['prot', 'port'],
    ['hots', 'host'],
    ['orgins', 'origins'],
    ['max_staleness', 'maxStaleness'],
    ['trustedProxy', 'trustedProxies'],
    ['Environment', 'environment'],
    ['key', 'keys'],
  ])('finds for %s first %s', (name, nearest) => {
    expect(nearestNames(name, SETTINGS)[0]).toBe(nearest);
  });

  it('finds a name that is part of another', () => {
    expect(nearestNames('summary', ['ai.summary', 'ai.translate'])).toEqual(['ai.summary']);
  });

  it.each(['webhookUrl', 'xyz', ''])('finds nothing near %j', (name) => {
    expect(nearestNames(name, SETTINGS)).toEqual([]);
    expect(nearestHint(name, SETTINGS)).toBe('');
  });

  it('reads the list of a hint once, and shows three names at most', () => {
    expect(nearestHint('v1', new Set(['v2', 'v3', 'v4', 'v5']).values())).toBe('did you mean v2 or v3 or v4?');
  });
});
