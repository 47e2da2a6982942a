import type { ChangeFlag, FlagDefinition } from '@rampart/core';
import { describe, expect, it, vi } from 'vitest';
import { UnleashEvaluator } from './evaluator.js';
import { DefinitionSnapshot } from './snapshot.js';

const feature = { name: 'ai.x', enabled: true, strategies: [{ name: 'aiAccess', parameters: { featureClass: 'x' } }] };
const stage = { name: 'aiStage', parameters: { stage: 'ga', rollout: '100', groupId: 'v2' } };
const change = { name: 'ai.x.v2', enabled: true, dependencies: [{ feature: 'ai.x' }], strategies: [stage] };
const plain = { name: 'plain', enabled: true, strategies: [{ name: 'default' }] };
const gated = { name: 'mail', enabled: true, strategies: [{ name: 'default' }] };
const ALL: readonly FlagDefinition[] = [feature, change, plain, gated];

const settings = {
  tiers: ['free', 'pro'],
  evaluator: new UnleashEvaluator(),
  gates: new Map([['mail', 'ai.x']]),
};

/** Compiles every flag, then reads a later response with its own objects. */
function refetch(later: readonly FlagDefinition[], before = ALL) {
  const previous = new DefinitionSnapshot(structuredClone(before), settings);
  const compiled = new Map(previous.names().map((name) => [name, previous.flag(name)]));
  const next = new DefinitionSnapshot(structuredClone(later), settings, { previous });
  return { previous, compiled, next };
}

describe('a later snapshot', () => {
  it('reuses the compiled flags of equal definitions', () => {
    const targeting = vi.spyOn(settings.evaluator, 'targeting');
    const { compiled, next } = refetch([...ALL, { ...plain, name: 'new' }]);
    for (const name of ['ai.x', 'plain', 'mail']) expect(next.flag(name)).toBe(compiled.get(name));
    expect(next.flag('ai.x.v2')).toEqual(compiled.get('ai.x.v2'));
    expect(next.flag('new')).toMatchObject({ kind: 'plain' });
    expect(targeting).not.toHaveBeenCalled();
  });

  it('binds the rules of a reused change to the new parameters', () => {
    const { next } = refetch(ALL);
    const [rule] = (next.flag('ai.x.v2') as ChangeFlag).rules;
    expect(rule?.source).toBe(next.definition('ai.x.v2')?.strategies?.[0]?.parameters);
  });

  it('compiles an edited flag and the flags behind it again', () => {
    const edited = { ...feature, strategies: [{ name: 'default', parameters: {} }] };
    const { previous, compiled, next } = refetch([edited, change, plain, gated]);
    expect(next.changedFrom(previous)).toEqual(['ai.x']);
    for (const name of ['ai.x', 'ai.x.v2', 'mail']) expect(next.flag(name)).not.toEqual(compiled.get(name));
    expect((next.flag('ai.x.v2') as ChangeFlag).problems).not.toEqual([]);
    expect(next.flag('plain')).toBe(compiled.get('plain'));
  });

  it('compiles a flag again whose parent was removed', () => {
    const { next } = refetch([change, plain, gated]);
    expect((next.flag('ai.x.v2') as ChangeFlag).problems).not.toEqual([]);
    expect(next.flag('ai.x')).toBeUndefined();
  });

  it('recomputes whether a feature was launched while its flag is off', () => {
    const off = { ...feature, enabled: false };
    const { compiled, next } = refetch([off, { ...change, enabled: false }], [off, change]);
    expect(compiled.get('ai.x')).toMatchObject({ launched: true });
    expect(next.flag('ai.x')).toMatchObject({ launched: false });
  });

  it('compiles a change again that has a rule which could not be parsed', () => {
    const broken = { ...change, strategies: [{ name: 'aiStage', parameters: { stage: 'nowhere' } }, stage] };
    const { next } = refetch([feature, broken], [feature, broken]);
    const { rules } = next.flag('ai.x.v2') as ChangeFlag;
    expect(rules.map(({ source }) => source)).toEqual([next.definition('ai.x.v2')?.strategies?.[1]?.parameters]);
    expect(rules[0]?.source).toBe(next.definition('ai.x.v2')?.strategies?.[1]?.parameters);
  });
});
