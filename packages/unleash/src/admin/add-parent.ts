import { refuse } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import type { AdminFlag } from './admin-types.js';
import { applyPlan, type CreationPlan } from './creation.js';
import { environmentOf, featureEnvironments, requireFeature, requireFlag } from './feature-flag.js';
import { requireServer } from './server-version.js';

/** An existing flag to put behind a feature's gates. */
export interface AddParentOptions {
  readonly client: AdminClient;
  /** The existing flag; its own rules stay as they are. */
  readonly flag: string;
  /** The feature's flag. */
  readonly feature: string;
  /** @default the client's project */
  readonly project?: string;
}

/**
 * What gating would do. Reads only. Refuses where Unleash would refuse, and where it would silently replace the flag's
 * present parent. No steps where the flag depends on the feature already. A dependency counts in every environment at
 * once, so the warnings name those where it would switch the flag off.
 */
export async function planAddParent(options: AddParentOptions): Promise<CreationPlan> {
  const { client, flag: name, feature: parent, project = client.project } = options;
  if (name === parent) refuse(`Cannot make "${name}" its own parent: name the feature that gates it.`);
  await requireServer(client);
  const flag = await requireFlag(client, { flag: name, project }, 'the flag to be gated');
  if (flag.environments.some(({ strategies }) => strategies.some((rule) => rule.name === 'aiAccess'))) {
    refuse(`Cannot gate "${name}": it has an aiAccess rule, so it is a feature itself, and features have no parent.`);
  }
  const feature = await requireFlag(client, { flag: parent, project }, 'a feature');
  featureEnvironments(feature);
  requireFeature(
    feature,
    flag.environments.filter(({ enabled }) => enabled).map((environment) => environment.name),
  );
  const present = alreadyParent(flag, parent);
  const steps = present ? [] : [{ kind: 'add parent' as const, flag: name, parent }];
  return { flag: name, project, steps, warnings: present ? [] : warningsFor(flag, feature) };
}

/** Gates an existing flag; returns what was done. */
export async function addParent(options: AddParentOptions): Promise<CreationPlan> {
  const plan = await planAddParent(options);
  await applyPlan(options.client, plan);
  return plan;
}

/** Whether the flag depends on the parent as a gate must; refuses any other parent, and a flag that is a parent. */
function alreadyParent(flag: AdminFlag, parent: string): boolean {
  const gates = 'Use the gates map of the provider for it';
  const present = flag.dependencies.find(({ feature }) => feature !== parent);
  if (present !== undefined) {
    refuse(
      `Cannot make "${parent}" the parent of "${flag.name}": it already depends on "${present.feature}", and Unleash would silently replace that parent. ${gates}, or remove the parent first.`,
    );
  }
  if (flag.children.length > 0) {
    refuse(
      `Cannot make "${parent}" the parent of "${flag.name}": ${flag.children.join(', ')} depend on it, and Unleash allows one level of parents. ${gates}.`,
    );
  }
  const same = flag.dependencies[0];
  if (same === undefined) return false;
  if (same.enabled && same.variants.length === 0) return true;
  const how = same.enabled ? `only with variants ${same.variants.join(', ')}` : 'as switched off';
  return refuse(
    `Cannot make "${parent}" the parent of "${flag.name}": it depends on it already, but ${how}. Remove that dependency first.`,
  );
}

function warningsFor(flag: AdminFlag, feature: AdminFlag): readonly string[] {
  const on = flag.environments.filter(({ enabled }) => enabled).map(({ name }) => name);
  return on
    .filter((name) => environmentOf(feature, name)?.enabled !== true)
    .map((name) => `${feature.name} is off in ${name}, so ${flag.name}, which is on there, will be off for everyone.`);
}
