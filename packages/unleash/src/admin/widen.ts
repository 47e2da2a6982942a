import { createHash } from 'node:crypto';
import { DEFAULT_TIERS } from '@rampart/core';
import { z } from 'zod';
import { invalid, refuse } from './admin-api-error.js';
import type { AdminClient } from './admin-client.js';
import type { AdminFlag, Rule } from './admin-types.js';
import { chosenEnvironments, environmentOf, requireFlag } from './feature-flag.js';
import { priorityOf, requireStageRule, type WiderStage, widerParameters } from './stage-step.js';

/** A change to be widened. */
export interface WidenOptions extends WiderStage {
  readonly client: AdminClient;
  /** The change's flag, by its full name. */
  readonly change: string;
  /** @default the client's environment; required where the project has several */
  readonly environment?: string | undefined;
  /** The rule's id in Unleash. @default the only active aiStage rule */
  readonly rule?: string | undefined;
  /** Allow a step over a stage. Features of priority P0 and P1 never allow it. @default false */
  readonly skipStages?: boolean | undefined;
  /** Refuse unless the rule has this {@link WidenPlan.digest}. @default not checked */
  readonly expect?: string | undefined;
  /** The tier ladder. @default free, starter, pro, business, enterprise */
  readonly ladder?: readonly string[] | undefined;
}

/** What a widening would change, or has changed. */
export interface WidenPlan {
  readonly flag: string;
  readonly project: string;
  readonly environment: string;
  /** The rule as it was read. */
  readonly rule: Rule;
  /** Its parameters afterwards. */
  readonly after: Readonly<Record<string, string>>;
  /** Names the rule as it was read: 12 hexadecimal digits. */
  readonly digest: string;
  /** What a person should know before going on. */
  readonly warnings: readonly string[];
}

/** Plans a widening; reads only. @throws AdminApiError for what is no widening, skips a stage, or is unclear */
export async function planWiden(options: WidenOptions): Promise<WidenPlan> {
  const { client, change, ladder = DEFAULT_TIERS, skipStages = false } = options;
  const { project } = client;
  const environment = await oneEnvironment(client, options.environment);
  const flag = await requireFlag(client, { flag: change, project }, 'a change');
  const rule = requireStageRule(flag, environment, options.rule);
  const digest = digestOf(rule);
  if (options.expect !== undefined && options.expect !== digest)
    refuse(
      `Cannot widen "${change}": its rule in ${environment} is ${digest}, not the expected ${options.expect}: it was changed since. Look at it, then plan again.`,
    );
  const parent = flag.dependencies[0]?.feature;
  const feature = parent === undefined ? undefined : await client.flags.find({ flag: parent, project });
  const priority = priorityOf(feature, environment, ladder);
  const after = widerParameters(change, rule, options, { tiers: ladder, skipStages, priority });
  const warnings = warningsOf({ flag, feature, environment, priority, after });
  return { flag: change, project, environment, rule, after, digest, warnings };
}

/**
 * Carries a plan out, if the rule is still what was planned. Unleash has no conditional write: an edit that arrives between this
 * last reading and the write is overwritten, as far as it concerns parameters.
 *
 * @throws AdminApiError `refused` if the rule was changed or removed meanwhile
 */
export async function widen(client: AdminClient, plan: WidenPlan): Promise<Rule> {
  const { flag, project, environment, rule, after } = plan;
  const place = { flag, project, environment };
  const now = (await client.rules.list(place)).find(({ id }) => id === rule.id);
  if (now === undefined || digestOf(now) !== plan.digest)
    refuse(
      `Cannot widen "${flag}": its rule in ${environment} was changed meanwhile. Nothing was written: plan again.`,
    );
  return client.rules.update({ ...place, id: rule.id }, { parameters: after });
}

/** The entry of a widening in Unleash's event log. */
export interface WidenEvent {
  /** Its number in the event log. */
  readonly event: number;
  /** Whether it replaced parameters other than those of the plan: an edit made at the same moment was overwritten. */
  readonly hasOverwritten: boolean;
}

/** Finds the entry of a widening that was carried out; undefined where Unleash has not logged it yet. */
export async function findWidenEvent(client: AdminClient, plan: WidenPlan): Promise<WidenEvent | undefined> {
  const { flag, environment, rule, after } = plan;
  const events = await client.events.list({ feature: flag, limit: 20 });
  const written = events.find((event) => {
    const data = eventData.safeParse(event.data).data;
    return (
      event.environment === environment && data?.id === rule.id && sortedText(data.parameters) === sortedText(after)
    );
  });
  if (written === undefined) return undefined;
  const before = eventData.safeParse(written.preData).data;
  const hasOverwritten = before !== undefined && sortedText(before.parameters) !== sortedText(rule.parameters);
  return { event: written.id, hasOverwritten };
}

const eventData = z.object({ id: z.string(), parameters: z.record(z.string(), z.string()) });

const sortedText = (parameters: Rule['parameters']): string =>
  JSON.stringify(Object.entries(parameters).sort(([one], [other]) => (one < other ? -1 : 1)));

async function oneEnvironment(client: AdminClient, given: string | undefined): Promise<string> {
  const environments = await chosenEnvironments(client, given === undefined ? undefined : [given], client.project);
  const [only, other] = environments;
  if (only !== undefined && other === undefined) return only;
  return invalid(`Cannot widen in every environment at once: name one of ${environments.join(', ')}.`);
}

/** The same for the same rule, whichever route of Unleash listed it. */
function digestOf({ name, disabled, parameters, constraints, segments, variants }: Rule): string {
  const text = JSON.stringify([name, disabled, sortedText(parameters), constraints, segments, variants]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

interface Widening {
  readonly flag: AdminFlag;
  readonly feature: AdminFlag | undefined;
  readonly environment: string;
  readonly priority: string;
  readonly after: WidenPlan['after'];
}

function warningsOf({ flag, feature, environment, priority, after }: Widening): readonly string[] {
  const isOff = (of: AdminFlag | undefined): boolean =>
    of === undefined || environmentOf(of, environment)?.enabled !== true;
  const isBeyondDogfood = !['internal', 'dogfood'].includes(after['stage'] ?? '');
  const all: readonly (readonly [applies: boolean, text: string])[] = [
    [isOff(flag), `${flag.name} is off in ${environment}: no subject gets it until the flag is switched on.`],
    [isOff(feature) && isBeyondDogfood, `its feature is off in ${environment}: switch the feature on first.`],
    [after['mode'] === 'shadow', 'its mode is shadow: it runs for the wider cohort and shows nothing.'],
    [
      priority === 'P0',
      'its feature has priority P0: a second admin has to agree. Unleash and this command do not check that.',
    ],
  ];
  return all.filter(([applies]) => applies).map(([, text]) => text);
}
