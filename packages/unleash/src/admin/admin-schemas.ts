import { z } from 'zod';
import type {
  AdminEvent,
  AdminFlag,
  Application,
  Constraint,
  ContextField,
  InstalledStrategy,
  InstanceInfo,
  ListedFlag,
  Rule,
  RuleVariant,
  Segment,
} from './admin-types.js';

// Unleash sends null where a text is unset, leaves lists out where they are empty, and adds fields with every version.
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const maybeText = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const listOf = <T>(entry: z.ZodType<T>) =>
  z
    .array(entry)
    .nullish()
    .transform((value) => value ?? []);

const constraint: z.ZodType<Constraint> = z.object({
  contextName: z.string(),
  operator: z.string(),
  values: listOf(z.string()),
  value: z
    .union([z.string(), z.number()])
    .nullish()
    .transform((value) => (value == null ? undefined : String(value))),
  inverted: flag,
  caseInsensitive: flag,
});

const variant: z.ZodType<RuleVariant> = z.object({
  name: z.string(),
  weight: z.number(),
  weightType: maybeText,
  stickiness: maybeText,
  payload: z
    .object({ type: z.string(), value: z.string() })
    .nullish()
    .transform((value) => value ?? undefined),
});

const parameterValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const parameters = z
  .record(z.string(), parameterValue)
  .nullish()
  .transform((given) =>
    Object.fromEntries(Object.entries(given ?? {}).map(([name, value]) => [name, String(value ?? '')])),
  );

/** A rule as a flag and its environment list it. */
export const ruleSchema: z.ZodType<Rule> = z.object({
  id: z.string(),
  name: z.string(),
  title: text,
  disabled: flag,
  parameters,
  constraints: listOf(constraint),
  segments: listOf(z.number()),
  variants: listOf(variant),
  sortOrder: z
    .number()
    .nullish()
    .transform((value) => value ?? 0),
});

const dependency = z.object({
  feature: z.string(),
  enabled: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
  variants: listOf(z.string()),
});

/** A flag as its own page lists it. */
export const flagSchema: z.ZodType<AdminFlag> = z.object({
  name: z.string(),
  type: text,
  description: text,
  project: z.string(),
  archived: flag,
  stale: flag,
  impressionData: flag,
  environments: z.array(z.object({ name: z.string(), enabled: z.boolean(), strategies: listOf(ruleSchema) })),
  dependencies: listOf(dependency),
  children: listOf(z.string()),
});

const listedEnvironment = z.object({
  name: z.string(),
  variantCount: z
    .number()
    .nullish()
    .transform((count) => count ?? 0),
});

/** A project's flags. */
export const listedFlagsSchema: z.ZodType<readonly ListedFlag[]> = z
  .object({ features: z.array(z.object({ name: z.string(), environments: listOf(listedEnvironment) })) })
  .transform(({ features }) => features);

/** The older kind of variants, on the flag in an environment. */
export const flagVariantsSchema: z.ZodType<readonly RuleVariant[]> = z
  .object({ variants: listOf(variant) })
  .transform(({ variants }) => variants);

const parameterDefinition = z.object({
  name: z.string(),
  type: z.enum(['string', 'percentage', 'list', 'number', 'boolean']),
  description: text,
  required: flag,
});

/** The strategy types. */
export const strategiesSchema: z.ZodType<readonly InstalledStrategy[]> = z
  .object({
    strategies: z.array(
      z.object({
        name: z.string(),
        description: text,
        editable: flag,
        deprecated: flag,
        parameters: listOf(parameterDefinition),
      }),
    ),
  })
  .transform(({ strategies }) => strategies);

/** The context fields. */
export const contextFieldsSchema: z.ZodType<readonly ContextField[]> = z.array(
  z.object({
    name: z.string(),
    description: text,
    stickiness: flag,
    legalValues: listOf(z.object({ value: z.string(), description: maybeText })),
  }),
);

/** The segments. */
export const segmentsSchema: z.ZodType<readonly Segment[]> = z
  .object({ segments: z.array(z.object({ id: z.number(), name: z.string(), constraints: listOf(constraint) })) })
  .transform(({ segments }) => segments);

/** Environments of the instance, by name. */
export const environmentsSchema: z.ZodType<readonly string[]> = z
  .object({ environments: z.array(z.object({ name: z.string(), enabled: z.boolean() })) })
  .transform(({ environments }) => environments.filter(({ enabled }) => enabled).map(({ name }) => name));

/** Environments that a project uses, by name. */
export const projectSchema: z.ZodType<readonly string[]> = z
  .object({ environments: z.array(z.object({ environment: z.string() })) })
  .transform(({ environments }) => environments.map(({ environment }) => environment));

/** The ids of the projects. */
export const projectsSchema: z.ZodType<readonly string[]> = z
  .object({ projects: z.array(z.object({ id: z.string() })) })
  .transform(({ projects }) => projects.map(({ id }) => id));

/** A page of the event log, newest first. */
export const eventsSchema: z.ZodType<readonly AdminEvent[]> = z
  .object({
    events: z.array(
      z.object({
        id: z.number(),
        type: z.string(),
        createdBy: text,
        createdAt: z.string(),
        featureName: maybeText,
        project: maybeText,
        environment: maybeText,
        data: z.unknown(),
        preData: z.unknown(),
      }),
    ),
  })
  .transform(({ events }) => events);

/** The part of the UI's configuration that says which server this is. */
export const instanceSchema: z.ZodType<InstanceInfo> = z
  .object({ version: z.string(), environment: text })
  .transform(({ version, environment }) => ({ version, edition: environment }));

const application: z.ZodType<Application> = z
  .object({
    appName: z.string(),
    strategies: listOf(z.string()),
    usage: listOf(z.object({ project: z.string() })),
  })
  .transform(({ appName, strategies, usage }) => ({
    name: appName,
    strategies,
    projects: usage.map(({ project }) => project),
  }));

/** A page of the applications. Older servers send all of them and no total. */
export const applicationsSchema: z.ZodType<{ readonly applications: readonly Application[]; readonly total: number }> =
  z.object({
    applications: z.array(application),
    total: z
      .number()
      .nullish()
      .transform((total) => total ?? 0),
  });

/** The applications that sent usage of a flag lately, by name. */
export const flagUsageSchema: z.ZodType<readonly string[]> = z
  .object({ seenApplications: listOf(z.string()) })
  .transform(({ seenApplications }) => seenApplications);
