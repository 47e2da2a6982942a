import { createHash, randomBytes } from 'node:crypto';
import type { JsonValue, Scope } from '@rampart/core';
import type { OutboxTask } from '@rampart/store';
import { z } from 'zod';
import { placeSchema, scopeSchema } from './order-schemas.js';
import type { FlagPlace } from './report.js';

/** Which flags an order switches in Unleash: one by name, or every feature. */
export type FlagTarget = { readonly flag: string } | { readonly every: 'feature' };

/** What has to be known to finish an order, also after a crash. Plain JSON. */
export interface Order {
  readonly action: 'kill' | 'revive';
  /** That of the kill. */
  readonly id: string;
  /** The id of its entry in the control log, and so of its task: an order that is repeated is recorded once. */
  readonly entry: string;
  readonly scope: Scope;
  readonly actor: string;
  readonly reason: string;
  /** In ms since 1970. */
  readonly at: number;
  /** Environments of Unleash to switch off in; absent: every one of the flag. */
  readonly environments?: readonly string[] | undefined;
  /** Killing: places found on, noted before they are switched off. Reviving: places to switch on. */
  readonly places: readonly FlagPlace[];
  /** Reviving: the revision of the kill that was read. */
  readonly expected?: string | undefined;
  /** Reviving: places that stay off as the operator asked. */
  readonly left?: readonly FlagPlace[] | undefined;
  /** Reviving: what a person should know of what is not switched on. */
  readonly notes: readonly string[];
  /** Whether the control log is known to have it. */
  readonly recorded: boolean;
  /** The epoch of the control log that it is for; undefined where this machine had never reached that database. */
  readonly log?: string | undefined;
  /** The address of the database that it was ordered for, without the password. */
  readonly database?: string | undefined;
}

/** An order as the journal holds it. */
export const orderSchema: z.ZodType<Order> = z.object({
  action: z.enum(['kill', 'revive']),
  id: z.string(),
  entry: z.string(),
  scope: scopeSchema,
  actor: z.string(),
  reason: z.string(),
  at: z.number(),
  environments: z.array(z.string()).optional(),
  places: z.array(placeSchema),
  expected: z.string().optional(),
  left: z.array(placeSchema).optional(),
  notes: z.array(z.string()),
  recorded: z.boolean(),
  log: z.string().optional(),
  database: z.string().optional(),
});

interface LeftOff extends FlagPlace {
  readonly reason: 'left_off';
  readonly why: string;
}
const leftOff: z.ZodType<LeftOff> = placeSchema.and(z.object({ reason: z.literal('left_off'), why: z.string() }));

/** A task of the outbox: what another machine needs to finish an order. */
interface OrderTask {
  readonly kind: 'switch_off' | 'switch_on';
  readonly kill: string;
  readonly scope: Scope;
  readonly environments?: readonly string[] | undefined;
  readonly places?: readonly FlagPlace[] | undefined;
  readonly left?: readonly LeftOff[] | undefined;
}

/** A task as it is stored. */
export const taskSchema: z.ZodType<OrderTask> = z.object({
  kind: z.enum(['switch_off', 'switch_on']),
  kill: z.string(),
  scope: scopeSchema,
  environments: z.array(z.string()).optional(),
  places: z.array(placeSchema).optional(),
  left: z.array(leftOff).optional(),
});

/** What another machine needs to finish an order, recorded with it. Undefined where Unleash has no part in it. */
export function taskOf({ action, id, scope: kills, environments, places, left }: Order): JsonValue | undefined {
  if (targetOf(kills) === undefined) return undefined;
  if (action === 'kill') return asJson({ kind: 'switch_off', kill: id, scope: kills, environments });
  const why = `left off by --leave-off when ${id} was revived`;
  const leftOffPlaces = left?.map((place) => ({ ...place, reason: 'left_off', why }));
  return asJson({ kind: 'switch_on', kill: id, scope: kills, places, left: leftOffPlaces });
}

/** The order that a task of the outbox belongs to; undefined for a task of somebody else's. */
export function orderOfTask({ id: entry, task: value, at }: Pick<OutboxTask, 'id' | 'task' | 'at'>): Order | undefined {
  const result = taskSchema.safeParse(value);
  if (!result.success) return undefined;
  const { kind, kill, scope: kills, environments, places = [], left } = result.data;
  const action = kind === 'switch_off' ? 'kill' : 'revive';
  const known = {
    action,
    id: kill,
    entry,
    scope: kills,
    actor: '',
    reason: '',
    at,
    notes: [],
    recorded: true,
  } as const;
  return { ...known, environments, places, left };
}

/** The flags that obey a scope in Unleash too: where it is a whole feature, a whole change, or everything. */
export function targetOf(kills: Scope): FlagTarget | undefined {
  if (kills.all === true) return { every: 'feature' };
  const [only, ...others] = Object.entries(kills).filter(([, value]) => value !== undefined && value !== false);
  if (only === undefined || others.length > 0) return undefined;
  const [part, flag] = only;
  return part === 'feature' || part === 'change' ? { flag: String(flag) } : undefined;
}

/** An id for a new kill: short enough to be typed. */
export function newKillId(): string {
  return `kill-${randomBytes(6).toString('hex')}`;
}

/** The id of a revival's entry. A kill may come back under its id, so its revision counts too. */
export function revivalEntry(id: string, revision: string): string {
  return `revive-${createHash('sha256')
    .update(JSON.stringify([id, revision]))
    .digest('hex')
    .slice(0, 24)}`;
}

/** Two lists of places as one, each with its newest event. */
export function joined(some: readonly FlagPlace[], more: readonly FlagPlace[]): readonly FlagPlace[] {
  const known = some.map((place) => {
    const event = newestEvent(
      place,
      more.find((extra) => samePlace(place, extra)),
    );
    return event === undefined ? place : { ...place, event };
  });
  return [...known, ...more.filter((extra) => !some.some((place) => samePlace(place, extra)))];
}

/** The later of the events that two reports of one place name. */
export function newestEvent(a: FlagPlace | undefined, b: FlagPlace | undefined): number | undefined {
  if (a?.event === undefined || b?.event === undefined) return a?.event ?? b?.event;
  return Math.max(a.event, b.event);
}

/** Whether both name one flag in one environment. */
export function samePlace(a: FlagPlace, b: FlagPlace): boolean {
  return a.flag === b.flag && a.project === b.project && a.environment === b.environment;
}

/** A value as it is stored. */
export function asJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
