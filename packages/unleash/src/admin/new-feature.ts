import { AI_ACCESS, DEFAULT_TIERS, parseAccess } from '@rampart/core';
import type { AdminClient } from './admin-client.js';
import { applyPlan, type CreationPlan, type CreationStep } from './creation.js';
import { chosenEnvironments, requireFreeName } from './feature-flag.js';
import { checkFeatureName } from './flag-name.js';
import { checkParsed, type ParameterValues, parameterTexts } from './rule-parameters.js';
import { requireServer } from './server-version.js';

/** A feature to be made. */
export interface NewFeatureOptions {
  readonly client: AdminClient;
  /** The flag's full name; the convention is `ai.<feature>`. */
  readonly name: string;
  /** Parameters of `aiAccess`, at least `featureClass`; those left out are written as unset. */
  readonly access: ParameterValues;
  /**
   * Accept a name outside the convention.
   * @default false
   */
  readonly anyName?: boolean;
  /** @default the client's project */
  readonly project?: string;
  /**
   * Where the rule is put.
   * @default the client's environment, or else every environment of the project
   */
  readonly environments?: readonly string[];
  /** @default none */
  readonly description?: string;
  /**
   * Switch the feature on in those environments. Off, every change of it is off too.
   * @default false
   */
  readonly enable?: boolean;
  /**
   * The tier ladder that `minTier` must be on.
   * @default free, starter, pro, business, enterprise
   */
  readonly tiers?: readonly string[];
}

/**
 * What creating a feature would do: a kill-switch flag with one `aiAccess` rule in each environment. Reads only. Refuses a
 * name that is taken or breaks the convention, and parameters that don't parse.
 */
export async function planNewFeature(options: NewFeatureOptions): Promise<CreationPlan> {
  const { client, name: flag, project = client.project, description = '', enable = false } = options;
  checkFeatureName(flag, options.anyName ?? false);
  const parameters = parameterTexts(AI_ACCESS, options.access);
  checkParsed(flag, parseAccess(flag, parameters, options.tiers ?? DEFAULT_TIERS));
  await requireServer(client);
  const environments = await chosenEnvironments(client, options.environments, project);
  await requireFreeName(client, { flag, project });
  const rule = { name: AI_ACCESS.name, title: 'Who may have it', parameters };
  const steps: readonly CreationStep[] = [
    { kind: 'create flag', flag, type: 'kill-switch', description },
    ...environments.map((environment) => ({ kind: 'add rule' as const, flag, environment, rule })),
    ...(enable ? environments.map((environment) => ({ kind: 'switch on' as const, flag, environment })) : []),
  ];
  return { flag, project, steps, warnings: [] };
}

/** Creates a feature; returns what was done. A failure half-way is undone, and the error says so. */
export async function newFeature(options: NewFeatureOptions): Promise<CreationPlan> {
  const plan = await planNewFeature(options);
  await applyPlan(options.client, plan);
  return plan;
}
