import { describe, expect, it } from 'vitest';
import { channelOf, tenantKey } from './names.js';

describe('names', () => {
  it('keep every tenant at a key of its own', () => {
    const tenants = [
      'acme',
      'a:b',
      'a%3Ab',
      '{acme}',
      'ä',
      '',
      ' ',
      '\ud800',
      '\udc00',
      '%ud800',
      '😀',
      "it's",
      'undefined',
    ];
    const keys = tenants.map((tenant) => tenantKey('production', tenant));
    expect(new Set(keys).size).toBe(tenants.length);
    for (const key of keys) expect(key).toMatch(/^rampart:production:tenant:[^{}:]*$/);
  });

  it('keep environments apart', () => {
    expect(tenantKey('a:tenant:b', 'c')).not.toBe(tenantKey('a', 'b:tenant:c'));
    expect(tenantKey('{x}', 'a')).not.toMatch(/[{}]/);
    expect(channelOf('{x}', 'log')).toBe('rampart:{%7Bx%7D}:log');
  });
});
