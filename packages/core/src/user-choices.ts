import type { TenantControl, UserChoice } from './control.js';
import { put, VersionedMap, without } from './versioned-map.js';

type Users = TenantControl['users'];
type Choices = ReadonlyMap<string, UserChoice>;

/** Counts over all users of a tenant. */
interface Summary {
  readonly choices: number;
  /** Class → how many users opted out. */
  readonly optOuts: ReadonlyMap<string, number>;
}

const SUMMARIES = new WeakMap<Users, Summary>();

/** Whether a choice closes; one that can't be read does, as an opt-out. */
export function isOptOut(choice: UserChoice | undefined): boolean {
  return choice !== undefined && choice !== 'opt_in';
}

/** How many choices the users made. Constant time after the first call. */
export function countChoices(users: Users): number {
  return summaryOf(users).choices;
}

/** Classes of which at least one user opted out. Constant time after the first call. */
export function optedOutClasses(users: Users): Iterable<string> & { has(featureClass: string): boolean } {
  const { optOuts } = summaryOf(users);
  return { has: (featureClass) => optOuts.has(featureClass), [Symbol.iterator]: () => optOuts.keys() };
}

/** The users after one of them chose, or took the choice back. */
export function withChoice(users: Users, user: string, featureClass: string, choice: UserChoice | undefined): Users {
  const own = users.get(user);
  const before = own?.get(featureClass);
  if (before === choice) return users;
  const changed = changedChoices(own, featureClass, choice);
  const next = changed === undefined ? without(users, user) : put(users, user, changed);
  if (next instanceof VersionedMap) SUMMARIES.set(next, changedSummary(summaryOf(users), featureClass, before, choice));
  return next;
}

/** The choices of one user after one more; undefined where none is left. */
export function changedChoices(
  own: Choices | undefined,
  featureClass: string,
  choice: UserChoice | undefined,
): Choices | undefined {
  const others = own === undefined ? 0 : own.size - (own.has(featureClass) ? 1 : 0);
  if (own !== undefined && others > 0)
    return choice === undefined ? without(own, featureClass) : put(own, featureClass, choice);
  return choice === undefined ? undefined : singleChoice(featureClass, choice);
}

const MAX_SHARED = 1_000;
const SINGLE_CHOICES = new Map<string, Choices>();

/** One map for all users who made the same single choice, which is nearly all of them. */
export function singleChoice(featureClass: string, choice: UserChoice): Choices {
  const name = `${choice} ${featureClass}`;
  let choices = SINGLE_CHOICES.get(name);
  if (choices === undefined) {
    if (SINGLE_CHOICES.size >= MAX_SHARED) SINGLE_CHOICES.clear();
    choices = new Map([[featureClass, choice]]);
    SINGLE_CHOICES.set(name, choices);
  }
  return choices;
}

function summaryOf(users: Users): Summary {
  let summary = SUMMARIES.get(users);
  if (summary === undefined) {
    summary = summarize(users);
    SUMMARIES.set(users, summary);
  }
  return summary;
}

function summarize(users: Users): Summary {
  let choices = 0;
  const optOuts = new Map<string, number>();
  for (const own of users.values()) {
    choices += own.size;
    for (const [featureClass, choice] of own)
      if (isOptOut(choice)) optOuts.set(featureClass, (optOuts.get(featureClass) ?? 0) + 1);
  }
  return { choices, optOuts };
}

function changedSummary(
  { choices, optOuts }: Summary,
  featureClass: string,
  before: UserChoice | undefined,
  after: UserChoice | undefined,
): Summary {
  const added = (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  const addedOptOuts = (isOptOut(after) ? 1 : 0) - (isOptOut(before) ? 1 : 0);
  if (addedOptOuts === 0) return { choices: choices + added, optOuts };
  const count = (optOuts.get(featureClass) ?? 0) + addedOptOuts;
  return {
    choices: choices + added,
    optOuts: count === 0 ? without(optOuts, featureClass) : put(optOuts, featureClass, count),
  };
}
