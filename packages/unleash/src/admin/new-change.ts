import { AI_STAGE, DEFAULT_TIERS, parseStage } from '@rampart/core';
import { invalid } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import type { NewRule } from './admin-types.js';
import { changeVariants, type NewVariant } from './change-variants.js';
import { applyPlan, type CreationPlan, type CreationStep } from './creation.js';
import { currentChange, fetchChanges } from './current-change.js';
import {
  chosenEnvironments,
  featureEnvironments,
  requireFeature,
  requireFlag,
  requireFreeName,
} from './feature-flag.js';
import { changeName } from './flag-name.js';
import { checkParsed, type ParameterValues, parameterTexts } from './rule-parameters.js';
import { requireServer } from './server-version.js';

/** Options of {@link newChange}. */
export interface NewChangeOptions {
  readonly client: AdminClient;
  /** The feature's flag, e.g. `ai.support-copilot`. */
  readonly feature: string;
  /** The change's id, e.g. `prompt-v18`: the flag becomes `ai.support-copilot.prompt-v18`. */
  readonly change?: string;
  /** The flag's full name, instead of `change`. */
  readonly name?: string;
  /** @default the client's project */
  readonly project?: string;
  /**
   * The environments that get the rule.
   * @default the client's environment, or else those where the feature has its aiAccess rule
   */
  readonly environments?: readonly string[];
  /** @default 'release' */
  readonly type?: 'release' | 'experiment';
  /**
   * Further parameters of `aiStage`. Parameters that open the change are rejected: a new change starts closed.
   * @default `replaces`: in each environment the feature's current change, if any is on there. Set it to `''` for none.
   */
  readonly stage?: ParameterValues;
  /** @default none */
  readonly variants?: readonly NewVariant[];
  /** @default none */
  readonly description?: string;
  /**
   * Switch the change on in those environments; its rule stays closed until it is widened.
   * @default false
   */
  readonly enable?: boolean;
  /**
   * The tier ladder that `tiers` must be on.
   * @default free, starter, pro, business, enterprise
   */
  readonly tiers?: readonly string[];
}

/**
 * Plans a new change: a flag, its dependency on the feature, and one closed `aiStage` rule (stage internal,
 * rollout 0) in each environment, which names the feature's current change in `replaces`. Reads only. Refuses an existing name, and a parent that is no feature or is itself a child.
 */
export async function planNewChange(options: NewChangeOptions): Promise<CreationPlan> {
  const { client, project = client.project, type = 'release', description = '', enable = false } = options;
  const flag = changeName(options.feature, options);
  initialRule(flag, options);
  await requireServer(client);
  const feature = await requireFlag(client, { flag: options.feature, project }, 'a feature');
  const requested =
    options.environments ?? (client.environment === undefined ? featureEnvironments(feature) : undefined);
  const environments = await chosenEnvironments(client, requested, project);
  requireFeature(feature, environments);
  await requireFreeName(client, { flag, project });
  const changes = options.stage?.['replaces'] === undefined ? await fetchChanges(client, feature) : [];
  const steps: readonly CreationStep[] = [
    { kind: 'create flag', flag, type, description },
    { kind: 'add parent', flag, parent: feature.name },
    ...environments.map((environment) => ({
      kind: 'add rule' as const,
      flag,
      environment,
      rule: initialRule(flag, options, currentChange(changes, environment, options.tiers)),
    })),
    ...(enable ? environments.map((environment) => ({ kind: 'switch on' as const, flag, environment })) : []),
  ];
  return { flag, project, steps, warnings: [] };
}

/** Creates a change and returns the applied plan. A failed step rolls back the earlier ones. */
export async function newChange(options: NewChangeOptions): Promise<CreationPlan> {
  const plan = await planNewChange(options);
  await applyPlan(options.client, plan);
  return plan;
}

const CLOSED: Readonly<Record<string, string>> = { stage: 'internal', rollout: '0', forceOn: '' };

function initialRule(
  flag: string,
  { stage = {}, variants = [], tiers = DEFAULT_TIERS }: NewChangeOptions,
  replaces = '',
): NewRule {
  const defaults = { ...CLOSED, replaces, mode: 'suggestion', stickiness: 'tenantId', groupId: flag };
  const parameters = parameterTexts(AI_STAGE, { ...defaults, ...stage });
  for (const [name, value] of Object.entries(CLOSED)) {
    if (parameters[name] === value) continue;
    const expected = value === '' ? 'empty' : value;
    invalid(
      `Cannot create "${flag}" with ${name} ${JSON.stringify(parameters[name])}: a new change starts closed, with ${name} ${expected}. Widen its rule afterwards.`,
    );
  }
  const parsed = parseStage(flag, parameters, tiers);
  checkParsed(flag, parsed);
  const stickiness = parsed.ok ? parsed.value.stickiness : 'tenantId';
  return {
    name: AI_STAGE.name,
    title: 'Who gets it now',
    parameters,
    variants: changeVariants(variants, stickiness),
  };
}
