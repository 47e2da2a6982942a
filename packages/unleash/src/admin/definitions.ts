import type { FlagDefinition, RuleDefinition } from '@rampart/core';
import { refuse } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import type { AdminFlag, Constraint, FlagDependency, ListedFlag, Rule, RuleVariant, Segment } from './admin-types.js';

/** A rule as clients get it, and what they don't get: its id, and whether it is disabled. */
export interface AdminRuleDefinition extends RuleDefinition {
  readonly id: string;
  readonly title: string;
  /** Disabled rules never reach clients: leave them out before you evaluate. */
  readonly disabled: boolean;
  readonly parameters: Readonly<Record<string, string>>;
  readonly constraints: readonly Constraint[];
  /** Undefined where the segment no longer exists. */
  readonly segments: readonly (Segment | undefined)[];
  readonly variants: readonly (RuleVariant & Readonly<Record<string, unknown>>)[];
}

/** A flag of one environment as clients get it, with its disabled rules marked. */
export interface AdminFlagDefinition extends FlagDefinition {
  readonly type: string;
  readonly project: string;
  readonly stale: boolean;
  readonly impressionData: boolean;
  readonly strategies: readonly AdminRuleDefinition[];
  readonly dependencies: readonly FlagDependency[];
}

/** Which flags to read. */
export interface DefinitionQuery {
  readonly environment: string;
  /**
   * Only this project.
   * @default every project that the token can see
   */
  readonly project?: string;
  /**
   * How many requests run at a time: each flag takes one.
   * @default 6
   */
  readonly concurrency?: number;
}

/**
 * The flags of an environment as the client API would send them, disabled rules included, by name. Reads flag by flag:
 * Unleash's export would be one request, but writes an event with everything it exported into the audit log.
 */
export async function fetchDefinitions(
  client: AdminClient,
  query: DefinitionQuery,
): Promise<readonly AdminFlagDefinition[]> {
  const { environment, concurrency = 6 } = query;
  const environments = await client.environments.list();
  if (!environments.includes(environment)) {
    refuse(`Cannot read environment "${environment}": Unleash has ${environments.join(', ')}. Use one of them.`);
  }
  const projects = query.project === undefined ? await client.projects.list() : [query.project];
  const segments = new Map((await client.segments.list()).map((segment) => [segment.id, segment]));
  const definitions: AdminFlagDefinition[] = [];
  for (const project of projects) {
    const used = await client.projects.environments(project);
    if (!used.includes(environment)) continue;
    const listed = await client.flags.list(project);
    await eachOf(listed, concurrency, async (flag) => {
      const definition = await readDefinition(client, { flag, project, environment, segments });
      if (definition !== undefined) definitions.push(definition);
    });
  }
  return definitions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

interface Reading {
  readonly flag: ListedFlag;
  readonly project: string;
  readonly environment: string;
  readonly segments: ReadonlyMap<number, Segment>;
}

async function readDefinition(client: AdminClient, reading: Reading): Promise<AdminFlagDefinition | undefined> {
  const { flag: listed, project, environment, segments } = reading;
  const reference = { flag: listed.name, project, environment };
  // A flag that was archived since it was listed has no page any more.
  const flag = await client.flags.find(reference);
  if (flag === undefined) return undefined;
  const hasVariants = listed.environments.some(({ name, variantCount }) => name === environment && variantCount > 0);
  const variants = hasVariants ? await client.flags.variants(reference) : [];
  return definitionOf(flag, environment, { segments, variants });
}

function definitionOf(
  flag: AdminFlag,
  environment: string,
  more: { readonly segments: ReadonlyMap<number, Segment>; readonly variants: readonly RuleVariant[] },
): AdminFlagDefinition {
  const { name, type, project, stale, impressionData, dependencies } = flag;
  const here = flag.environments.find((entry) => entry.name === environment);
  const rules = (here?.strategies ?? []).toSorted((a, b) => a.sortOrder - b.sortOrder);
  return {
    name,
    type,
    enabled: here?.enabled ?? false,
    project,
    stale,
    impressionData,
    strategies: rules.map((rule) => ruleOf(rule, more.segments)),
    variants: more.variants.map((variant) => ({ ...variant })),
    dependencies,
  };
}

function ruleOf(rule: Rule, segments: ReadonlyMap<number, Segment>): AdminRuleDefinition {
  const { sortOrder: _, ...rest } = rule;
  return {
    ...rest,
    segments: rule.segments.map((id) => segments.get(id)),
    variants: rule.variants.map((variant) => ({ ...variant })),
  };
}

async function eachOf<T>(items: readonly T[], concurrency: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, worker));
}
