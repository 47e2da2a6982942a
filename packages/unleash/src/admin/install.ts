import { AdminApiError, isAdminApiError } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import { type ContextFieldOptions, contextFields } from './context-fields.js';
import { type InstallAction, planContextField, planStrategy, STRATEGIES } from './install-plan.js';
import { requireServer } from './server-version.js';

/** What to install, and where. */
export interface InstallOptions extends ContextFieldOptions {
  readonly client: AdminClient;
}

/**
 * What installing would do, including what is right already. Reads only. Rejects with an `AdminApiError` for a wrong URL,
 * a token without rights, an old server.
 */
export async function planInstall({ client, ...fields }: InstallOptions): Promise<readonly InstallAction[]> {
  await requireServer(client);
  const strategies = new Map((await client.strategies.list()).map((strategy) => [strategy.name, strategy]));
  const present = new Map((await client.contextFields.list()).map((field) => [field.name, field]));
  return [
    ...STRATEGIES.map((definition) => planStrategy(definition, strategies.get(definition.name))),
    ...contextFields(fields).map((field) => planContextField(field, present.get(field.name))),
  ];
}

/** Carries out a plan, in order. An interrupted installation is finished by running it again. */
export async function applyInstall(client: AdminClient, plan: readonly InstallAction[]): Promise<void> {
  const due = plan.filter(({ action }) => action !== 'unchanged');
  for (const [done, action] of due.entries()) {
    try {
      await applyAction(client, action);
    } catch (error) {
      throw isAdminApiError(error) && done > 0 ? interrupted(error, due, done) : error;
    }
  }
}

/** Options of {@link installStrategies}. */
export interface InstallStrategiesOptions extends InstallOptions {
  /**
   * Only say what would change.
   * @default false
   */
  readonly dryRun?: boolean;
}

/**
 * Creates or updates the strategies `aiAccess` and `aiStage` and the context fields that go with them. Idempotent: a second
 * run finds everything unchanged. Keeps the descriptions, legal values and stickiness that operators gave a field.
 */
export async function installStrategies(options: InstallStrategiesOptions): Promise<readonly InstallAction[]> {
  const { dryRun = false, ...rest } = options;
  const plan = await planInstall(rest);
  if (!dryRun) await applyInstall(options.client, plan);
  return plan;
}

/** A plan as lines for a terminal. */
export function describeInstall(plan: readonly InstallAction[]): readonly string[] {
  return plan.flatMap(({ action, kind, name, changes }) => [
    `${action.padEnd(9)} ${kind} ${name}`,
    ...changes.map((change) => `            ${change}`),
  ]);
}

async function applyAction(client: AdminClient, step: InstallAction): Promise<void> {
  if (step.kind === 'context field') {
    return step.action === 'create' ? client.contextFields.create(step.field) : client.contextFields.update(step.field);
  }
  if (step.action === 'create') return client.strategies.create(step.definition);
  await client.strategies.update(step.definition);
  if (step.reactivate) await client.strategies.reactivate(step.name);
}

function interrupted(error: AdminApiError, due: readonly InstallAction[], done: number): AdminApiError {
  const names = due
    .slice(0, done)
    .map(({ kind, name }) => `${kind} ${name}`)
    .join(', ');
  const message = `${error.message} Done before that: ${names} (${done} of ${due.length}). Run it again to finish; what is done stays.`;
  return new AdminApiError(message, { kind: error.kind, status: error.status, details: error.details });
}
