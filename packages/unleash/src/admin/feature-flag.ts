import { invalid, isAdminApiError, refuse } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import type { AdminFlag, FlagEnvironment } from './admin-types.js';
import type { FlagReference } from './flag-endpoints.js';

/** Reads a flag; refuses where it is missing, archived or in another project, and says which. */
export async function requireFlag(client: AdminClient, reference: FlagReference, role: string): Promise<AdminFlag> {
  try {
    return await client.flags.get(reference);
  } catch (error) {
    if (!isAdminApiError(error) || error.kind !== 'not_found') throw error;
    const taken = await takenName(client, reference);
    const fix = taken?.includes('archived')
      ? 'It is archived: revive it first.'
      : 'Parent and child must be in one project; name it with project, or create the flag first.';
    return refuse(`Cannot use "${reference.flag}" as ${role}: ${error.details.join('; ')}. ${fix}`);
  }
}

/** Refuses the name of a new flag that is taken, in whatever project, or that Unleash forbids. */
export async function requireFreeName(client: AdminClient, reference: FlagReference): Promise<void> {
  const { flag } = reference;
  const taken = await takenName(client, reference);
  if (taken === undefined) return;
  if (taken.includes('archived')) {
    refuse(`Cannot create "${flag}": ${taken}. Delete the archived flag for good, revive it, or choose another name.`);
  }
  const present = await client.flags.find(reference);
  const parent = present?.dependencies[0]?.feature;
  const fix =
    parent === undefined
      ? 'Choose another name; to put the existing flag behind a feature, give it the feature as its parent (addParent).'
      : `Its parent is "${parent}", which a second one would silently replace. Choose another name.`;
  refuse(`Cannot create "${flag}": ${taken}. ${fix}`);
}

/** What Unleash says of a name that is taken. */
async function takenName(client: AdminClient, reference: FlagReference): Promise<string | undefined> {
  try {
    await client.flags.checkName(reference);
    return undefined;
  } catch (error) {
    if (isAdminApiError(error) && error.kind === 'conflict') return error.details.join('; ');
    throw error;
  }
}

/** Refuses a flag that can't be a parent: no `aiAccess` feature in these environments, or itself a child. */
export function requireFeature(flag: AdminFlag, environments: readonly string[]): void {
  const parent = flag.dependencies[0]?.feature;
  if (parent !== undefined) {
    refuse(
      `Cannot use "${flag.name}" as a feature: it depends on "${parent}", and Unleash allows one level of parents. Remove that parent, or use "${parent}".`,
    );
  }
  for (const environment of environments) {
    const rules = activeRules(flag, environment);
    if (rules.length === 1 && rules[0] === 'aiAccess') continue;
    const description = rules.length === 0 ? 'no rule' : rules.join(', ');
    refuse(
      `Cannot use "${flag.name}" as a feature: in ${environment} it has ${description} instead of exactly one aiAccess rule. Fix it there, or name a feature.`,
    );
  }
}

/** The environments where a flag has an active `aiAccess` rule; refuses where there is none. */
export function featureEnvironments(flag: AdminFlag): readonly string[] {
  const environments = flag.environments
    .map(({ name }) => name)
    .filter((name) => activeRules(flag, name).includes('aiAccess'));
  if (environments.length > 0) return environments;
  return refuse(
    `Cannot use "${flag.name}" as a feature: it has no aiAccess rule in any environment. Create the feature first, or name one.`,
  );
}

/** A flag's state in an environment, if its project uses that environment. */
export function environmentOf(flag: AdminFlag, environment: string): FlagEnvironment | undefined {
  return flag.environments.find(({ name }) => name === environment);
}

function activeRules(flag: AdminFlag, environment: string): readonly string[] {
  const rules = environmentOf(flag, environment)?.strategies ?? [];
  return rules.filter(({ disabled }) => !disabled).map(({ name }) => name);
}

/** The environments to work in: those given, the client's own, or all that the project uses. Refuses others. */
export async function chosenEnvironments(
  client: AdminClient,
  given: readonly string[] | undefined,
  project: string,
): Promise<readonly string[]> {
  const used = await client.projects.environments(project);
  const wanted = given ?? (client.environment === undefined ? used : [client.environment]);
  const unknown = wanted.find((environment) => !used.includes(environment));
  if (unknown !== undefined) {
    invalid(
      `Cannot use environment "${unknown}": project "${project}" has ${used.join(', ') || 'none'}. Use one of them.`,
    );
  }
  return wanted.length > 0 ? wanted : invalid(`Cannot work in no environment: name one of ${used.join(', ')}.`);
}
