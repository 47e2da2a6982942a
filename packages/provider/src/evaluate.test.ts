import { OpenFeature } from '@openfeature/server-sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { ada, change, feature, plain, variant } from '../test/definitions.js';
import { FakeFlags } from '../test/fake-flags.js';
import { serve } from '../test/serve.js';

afterEach(() => OpenFeature.clearProviders());

const all = () => [
  feature(),
  change({}, [variant('v', 'json', '{"a":1}')]),
  plain('flag'),
  plain('replies', { gated: true }),
];

describe('evaluate', () => {
  it('is synchronous with cached inputs, for an AI flag, an ordinary and a gated one', async () => {
    const { provider, flags } = await serve(all());
    flags.answers.set('flag', { name: 'v', enabled: true, payload: { type: 'string', value: 'x' } });
    expect(provider.engine.evaluate('ai.copilot', ada)).toMatchObject({
      kind: 'ai',
      flagKind: 'feature',
      reason: 'TARGETING_MATCH',
      decision: provider.engine.decide('ai.copilot', ada),
      subject: { userId: ada['targetingKey'] },
    });
    expect(provider.engine.evaluate('flag', ada)).toMatchObject({
      kind: 'plain',
      enabled: true,
      variant: { name: 'v' },
    });
    expect(provider.engine.evaluate('replies', ada)).toMatchObject({ kind: 'ai', flagKind: 'gated' });
  });

  it("waits for a control state that isn't cached", async () => {
    let isLoaded = false;
    const { provider } = await serve(all(), {
      control: { read: () => undefined, load: async () => void (isLoaded = true) },
    });
    const pending = provider.engine.evaluate('ai.copilot', ada);
    expect(pending).toBeInstanceOf(Promise);
    expect(await pending).toMatchObject({ decision: { enabled: false, detail: 'unknown' } });
    expect(isLoaded).toBe(true);
  });

  it('distinguishes a missing flag from a provider without flags', async () => {
    const { provider, flags } = await serve(all());
    expect(provider.engine.evaluate('nope', ada)).toEqual({ kind: 'missing', name: 'nope', ready: true });
    flags.current = 'none';
    expect(provider.engine.evaluate('nope', ada)).toEqual({ kind: 'missing', name: 'nope', ready: false });
  });

  it('counts usage once, and none with counted: false', async () => {
    const { provider, flags } = await serve(all());
    void provider.engine.evaluate('ai.copilot', ada, { counted: false });
    void provider.engine.evaluate('replies', ada, { counted: false });
    provider.engine.evaluateAll(await provider.engine.readInputs(ada));
    expect(flags.counts).toEqual([]);
    void provider.engine.evaluate('ai.copilot', ada);
    expect(flags.counts).toEqual([
      ['ai.copilot', true, undefined],
      ['ai.copilot.v2', true, 'v'],
    ]);
  });
});

describe('evaluateAll', () => {
  it('evaluates every flag as a single evaluation does', async () => {
    const { provider } = await serve(all());
    const answers = provider.engine.evaluateAll(await provider.engine.readInputs(ada));
    expect(answers).toEqual(answers.map(({ name }) => provider.engine.evaluate(name, ada)));
    expect(answers.map(({ name }) => name).sort()).toEqual(
      all()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('reads the context once for all ordinary flags, if the platform supports it', async () => {
    const flags = new FakeFlags();
    let reads = 0;
    const withBulk = Object.assign(flags, {
      asker: (attributes: typeof ada) => {
        reads += 1;
        return (name: string) => flags.variant(name, attributes);
      },
    });
    const { provider } = await serve([plain('a'), plain('b'), plain('c')], {}, withBulk);
    expect(provider.engine.evaluateAll(await provider.engine.readInputs(ada))).toHaveLength(3);
    expect(reads).toBe(1);
  });
});
