import { AdminApiError, type AdminApiErrorKind, isAdminApiError } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import type { NewRule } from './admin-types.js';

/** One change to Unleash, in plain data. */
export type CreationStep =
  | { readonly kind: 'create flag'; readonly flag: string; readonly type: string; readonly description: string }
  | { readonly kind: 'add parent'; readonly flag: string; readonly parent: string }
  | { readonly kind: 'add rule'; readonly flag: string; readonly environment: string; readonly rule: NewRule }
  | { readonly kind: 'switch on'; readonly flag: string; readonly environment: string };

/** What will be created, or was. */
export interface CreationPlan {
  readonly flag: string;
  readonly project: string;
  readonly steps: readonly CreationStep[];
  /** What a person should know before going on. */
  readonly warnings: readonly string[];
}

/** A step as a line for a terminal. */
export function describeStep(step: CreationStep): string {
  switch (step.kind) {
    case 'create flag':
      return `create flag ${step.flag} of type ${step.type}`;
    case 'add parent':
      return `make ${step.parent} the parent of ${step.flag}`;
    case 'add rule':
      return `add an ${step.rule.name} rule to ${step.flag} in ${step.environment}`;
    case 'switch on':
      return `switch ${step.flag} on in ${step.environment}`;
  }
}

/** Carries out a plan; where a step fails, deletes the flag if this plan made it, and says what is left. */
export async function carryOut(client: AdminClient, plan: CreationPlan): Promise<void> {
  for (const [done, step] of plan.steps.entries()) {
    try {
      await carryOutStep(client, plan.project, step);
    } catch (error) {
      throw isAdminApiError(error) ? await undone(client, plan, done, error) : error;
    }
  }
}

function carryOutStep(client: AdminClient, project: string, step: CreationStep): Promise<unknown> {
  const { flag } = step;
  switch (step.kind) {
    case 'create flag':
      return client.flags.create({ flag, project, type: step.type, description: step.description });
    case 'add parent':
      return client.dependencies.add({ flag, project }, { feature: step.parent, enabled: true });
    case 'add rule':
      return client.rules.add({ flag, project, environment: step.environment }, step.rule);
    case 'switch on':
      return client.flags.switchOn({ flag, project, environment: step.environment });
  }
}

// After these it is unknown whether the step took effect.
const UNSURE: readonly AdminApiErrorKind[] = ['timeout', 'unreachable', 'server-error'];

async function undone(
  client: AdminClient,
  plan: CreationPlan,
  done: number,
  error: AdminApiError,
): Promise<AdminApiError> {
  const created = plan.steps.slice(0, done);
  const left = plan.steps.slice(done);
  if (created.length === 0) {
    const unsure = UNSURE.includes(error.kind) ? ` See whether flag ${plan.flag} exists before you try again.` : '';
    return retold(error, `${error.message}${unsure || ' Nothing was changed.'}`);
  }
  const before = `${error.message} Done before that: ${created.map(describeStep).join('; ')}.`;
  if (!created.some(({ kind }) => kind === 'create flag')) {
    return retold(error, `${before} To finish: ${left.map(describeStep).join('; ')}.`);
  }
  const failure = await removeFlag(client, plan).catch((reason: unknown) => reason as Error);
  if (failure === undefined)
    return retold(error, `${before} All of it was undone: ${plan.flag} is deleted. Remove the cause and try again.`);
  const byHand = `archive and delete ${plan.flag} in project ${plan.project} by hand, or finish: ${left.map(describeStep).join('; ')}`;
  return retold(error, `${before} Undoing it failed too (${failure.message}): ${byHand}.`);
}

/** Archived flags keep their name, so the flag that was just made is deleted for good. */
async function removeFlag(client: AdminClient, { flag, project }: CreationPlan): Promise<undefined> {
  await client.flags.archive({ flag, project });
  await client.flags.deleteArchived(flag);
}

const retold = ({ kind, status, details }: AdminApiError, message: string): AdminApiError =>
  new AdminApiError(message, { kind, status, details });
