import { type FlagDefinition, InMemoryControl, type VariantDefinition } from '@rampart/core';

type Parameters = Readonly<Record<string, string>>;

/** A feature of the class `copilot`. */
export function feature(parameters: Parameters = {}, more: Partial<FlagDefinition> = {}): FlagDefinition {
  const rule = {
    name: 'aiAccess',
    parameters: { featureClass: 'copilot', ...parameters },
    constraints: more['constraints'] as [],
  };
  return { name: 'ai.copilot', enabled: true, strategies: [rule], ...more };
}

/** A change of that feature; by default at GA with 100%. */
export function change(
  parameters: Parameters = {},
  variants: readonly VariantDefinition[] = [],
  more: Partial<FlagDefinition> = {},
): FlagDefinition {
  const all = { stage: 'ga', rollout: '100', groupId: 'v2', ...parameters };
  const strategies = [{ name: 'aiStage', parameters: all, variants }];
  return { name: 'ai.copilot.v2', enabled: true, dependencies: [{ feature: 'ai.copilot' }], strategies, ...more };
}

export function variant(name: string, type?: string, value = ''): VariantDefinition {
  return { name, weight: 1000, ...(type === undefined ? {} : { payload: { type, value } }) };
}

/** An ordinary flag, behind the feature where `gated`. */
export function plain(name: string, { enabled = true, gated = false } = {}): FlagDefinition {
  return {
    name,
    enabled,
    strategies: [{ name: 'default' }],
    ...(gated ? { dependencies: [{ feature: 'ai.copilot' }] } : {}),
  };
}

/** Acme has opted in to `copilot`. */
export function consented(): InMemoryControl {
  const control = new InMemoryControl();
  control.apply({ kind: 'consent', tenant: 'acme', featureClass: 'copilot', consent: { state: 'opt_in' } });
  return control;
}

export const ada = {
  targetingKey: 'ada',
  tenantId: 'acme',
  tier: 'pro',
  region: 'eu',
  cohorts: [] as string[],
  labels: [] as string[],
};
