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

describe('answer', () => {
  it('says at once what is at hand: an AI flag, an ordinary one, a gated one', async () => {
    const { provider, flags } = await serve(all());
    flags.answers.set('flag', { name: 'v', enabled: true, payload: { type: 'string', value: 'x' } });
    expect(provider.answer('ai.copilot', ada)).toMatchObject({
      kind: 'ai',
      flagKind: 'feature',
      reason: 'TARGETING_MATCH',
      decision: provider.decide('ai.copilot', ada),
      subject: { userId: ada['targetingKey'] },
    });
    expect(provider.answer('flag', ada)).toMatchObject({ kind: 'plain', enabled: true, variant: { name: 'v' } });
    expect(provider.answer('replies', ada)).toMatchObject({ kind: 'ai', flagKind: 'gated' });
  });

  it('waits for a control state that has to be fetched', async () => {
    let known = false;
    const { provider } = await serve(all(), {
      control: { read: () => (known ? undefined : undefined), load: async () => void (known = true) },
    });
    const asked = provider.answer('ai.copilot', ada);
    expect(asked).toBeInstanceOf(Promise);
    expect(await asked).toMatchObject({ decision: { enabled: false, detail: 'unknown' } });
    expect(known).toBe(true);
  });

  it('tells a missing flag from a provider that has no flags', async () => {
    const { provider, flags } = await serve(all());
    expect(provider.answer('nope', ada)).toEqual({ kind: 'missing', name: 'nope', ready: true });
    flags.current = 'none';
    expect(provider.answer('nope', ada)).toEqual({ kind: 'missing', name: 'nope', ready: false });
  });

  it('counts once, and not where it is told not to', async () => {
    const { provider, flags } = await serve(all());
    void provider.answer('ai.copilot', ada, { counted: false });
    void provider.answer('replies', ada, { counted: false });
    provider.answerAll(await provider.inputs(ada));
    expect(flags.counts).toEqual([]);
    void provider.answer('ai.copilot', ada);
    expect(flags.counts).toEqual([
      ['ai.copilot', true, undefined],
      ['ai.copilot.v2', true, 'v'],
    ]);
  });
});

describe('answerAll', () => {
  it('says of every flag what a single question says', async () => {
    const { provider } = await serve(all());
    const answers = provider.answerAll(await provider.inputs(ada));
    expect(answers).toEqual(answers.map(({ name }) => provider.answer(name, ada)));
    expect(answers.map(({ name }) => name).sort()).toEqual(
      all()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('reads the context once for all ordinary flags, where the platform can', async () => {
    const flags = new FakeFlags();
    let read = 0;
    const asking = Object.assign(flags, {
      asker: (attributes: typeof ada) => {
        read += 1;
        return (name: string) => flags.variant(name, attributes);
      },
    });
    const { provider } = await serve([plain('a'), plain('b'), plain('c')], {}, asking);
    expect(provider.answerAll(await provider.inputs(ada))).toHaveLength(3);
    expect(read).toBe(1);
  });
});
