import { OpenFeature } from '@openfeature/server-sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { ada, plain } from '../test/definitions.js';
import { FakeFlags } from '../test/fake-flags.js';
import { serve } from '../test/serve.js';
import type { TrackedEvent } from './tracking.js';

afterEach(() => OpenFeature.clearProviders());

describe('track', () => {
  it("forwards events to the platform's metrics and to every tracker", async () => {
    const events: TrackedEvent[] = [];
    const { client, flags } = await serve([plain('flag')], { trackers: [(event) => void events.push(event)] });
    client.track('faithfulness', ada, { value: 0.5, source: 'judge' });
    client.track('thumbs_up', ada);
    client.track('broken', ada, { value: Number.NaN });
    expect(flags.tracked).toEqual([
      ['faithfulness', 0.5, { value: 0.5, source: 'judge' }],
      ['thumbs_up', 1, {}],
    ]);
    expect(events).toEqual([
      { name: 'faithfulness', value: 0.5, context: ada, details: { value: 0.5, source: 'judge' } },
      { name: 'thumbs_up', value: undefined, context: ada, details: {} },
      { name: 'broken', value: Number.NaN, context: ada, details: { value: Number.NaN } },
    ]);
  });

  it('logs a failing tracker and calls the next', async () => {
    const events: string[] = [];
    const flags = new FakeFlags();
    flags.track = () => {
      throw new TypeError('for ada@example.com');
    };
    const rejects = () => Promise.reject(new Error('down'));
    const { provider, lines } = await serve([], { trackers: [rejects, ({ name }) => void events.push(name)] }, flags);
    provider.track('thumbs_up', ada, {});
    await Promise.resolve();
    expect(events).toEqual(['thumbs_up']);
    expect(lines).toEqual([
      'warn rampart: a tracker failed on "thumbs_up" (TypeError)',
      'warn rampart: a tracker failed on "thumbs_up" (Error)',
    ]);
  });

  it('works with a platform without metrics', async () => {
    const flags = new FakeFlags();
    Object.defineProperty(flags, 'track', { value: undefined });
    const { provider, lines } = await serve([], {}, flags);
    provider.track('thumbs_up', ada, {});
    expect(lines).toEqual([]);
  });
});
