import type { TenantDirectory } from '@rampart/core';
import { describe, expect, it } from 'vitest';
import { LabelBook } from './label-book.js';

function book(directory: TenantDirectory | undefined, recorded: Readonly<Record<string, unknown>> = {}) {
  const lines: string[] = [];
  const events = Object.entries(recorded).map(([tenant, labels]) => ({ tenant, attributes: { labels } }));
  const store = { events: async () => ({ events, next: undefined }) };
  const log = { warn: (line: string) => void lines.push(line) };
  return { labels: new LabelBook({ store: store as never, directory, log, patience: 20 }), lines };
}

describe('labels', () => {
  it('are what the exposure carries, what was recorded, and what the directory knows', async () => {
    const { labels, lines } = book(() => ({ labels: ['known'] }), { acme: ['recorded'] });
    expect(await labels.of({ tenant: 'acme', attributes: { labels: ['carried'] } })).toEqual([
      ...['carried', 'recorded', 'known'],
    ]);
    expect(await labels.of({ tenant: undefined, attributes: {} })).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it.each<[string, TenantDirectory]>([
    ['rejects', () => Promise.reject(new RangeError('secret'))],
    [
      'throws',
      () => {
        throw new RangeError('secret');
      },
    ],
    ['answers never', () => new Promise(() => {})],
    ['answers something else', () => ({ labels: 7 }) as never],
  ])('of one tenant are unknown where the directory %s, and the others are looked up', async (how, fails) => {
    const { labels, lines } = book((tenant) => (tenant === 'acme' ? { labels: ['hipaa'] } : fails(tenant)), {
      globex: ['gdpr'],
    });
    for (const tenant of ['initech', 'umbrella']) expect(await labels.of({ tenant })).toBeUndefined();
    expect(await labels.of({ tenant: 'globex' })).toEqual(['gdpr']);
    expect(await labels.of({ tenant: 'initech', attributes: { labels: ['own'] } })).toEqual(['own']);
    expect(await labels.of({ tenant: 'acme' })).toEqual(['hipaa']);
    expect(lines).toHaveLength(how === 'answers something else' ? 0 : 1);
    expect(lines.join()).not.toMatch(/secret|initech|umbrella|globex/);
  });

  it('of a directory that answers never are not waited for again and again', async () => {
    let asked = 0;
    const { labels } = book(() => {
      asked += 1;
      return new Promise(() => {});
    });
    for (let tenant = 0; tenant < 15; tenant += 1) await labels.of({ tenant: `t${tenant}` });
    expect(asked).toBe(10);
  });
});
