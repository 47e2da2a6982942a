import { AdminApiError, type AdminApiErrorKind, isAdminApiError } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import type { NewRule } from './admin-types.js';

/** One change to Unleash, in plain data. */
export type CreationStep =
  | { readonly kind: 'create flag'; readonly flag: string; readonly type: string; readonly description: string }
  | { readonly kind: 'add parent'; readonly flag: string; readonly parent: string }
  | { readonly kind: 'add rule'; readonly flag: string; readonly environment: string; readonly rule: NewRule }
  | { readonly kind: 'switch on'; readonly flag: string; readonly environment: string };

/** The steps that create a flag. */
export interface CreationPlan {
  readonly flag: string;
  readonly project: string;
  readonly steps: readonly CreationStep[];
  /** Warnings to show before the plan is applied. */
  readonly warnings: readonly string[];
}

/** A step as one line of text. */
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

/** Applies a plan. If a step fails, deletes the flag if this plan created it; the error lists the remaining steps. */
export async function applyPlan(client: AdminClient, plan: CreationPlan): Promise<void> {
  for (const [done, step] of plan.steps.entries()) {
    try {
      await applyStep(client, plan.project, step);
    } catch (error) {
      throw isAdminApiError(error) ? await rollBack(client, plan, done, error) : error;
    }
  }
}

function applyStep(client: AdminClient, project: string, step: CreationStep): Promise<unknown> {
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

// After these errors the step may have taken effect.
const AMBIGUOUS_KINDS: readonly AdminApiErrorKind[] = ['timeout', 'unreachable', 'server_error'];

async function rollBack(
  client: AdminClient,
  plan: CreationPlan,
  done: number,
  error: AdminApiError,
): Promise<AdminApiError> {
  const created = plan.steps.slice(0, done);
  const remaining = plan.steps.slice(done);
  if (created.length === 0) {
    const note = AMBIGUOUS_KINDS.includes(error.kind)
      ? ` Check whether flag ${plan.flag} exists before you try again.`
      : '';
    return withRollbackNote(error, `${error.message}${note || ' Nothing was changed.'}`);
  }
  const before = `${error.message} Done before that: ${created.map(describeStep).join('; ')}.`;
  if (!created.some(({ kind }) => kind === 'create flag')) {
    return withRollbackNote(error, `${before} To finish: ${remaining.map(describeStep).join('; ')}.`);
  }
  const failure = await removeFlag(client, plan).catch((reason: unknown) => reason as Error);
  if (failure === undefined)
    return withRollbackNote(
      error,
      `${before} All of it was undone: ${plan.flag} is deleted. Remove the cause and try again.`,
    );
  const byHand = `archive and delete ${plan.flag} in project ${plan.project} by hand, or finish: ${remaining.map(describeStep).join('; ')}`;
  return withRollbackNote(error, `${before} Undoing it failed too (${failure.message}): ${byHand}.`);
}

/** Archives the new flag and deletes it: an archived flag would keep its name. */
async function removeFlag(client: AdminClient, { flag, project }: CreationPlan): Promise<undefined> {
  await client.flags.archive({ flag, project });
  await client.flags.deleteArchived(flag);
}

const withRollbackNote = ({ kind, status, details }: AdminApiError, message: string): AdminApiError =>
  new AdminApiError(message, { kind, status, details });
