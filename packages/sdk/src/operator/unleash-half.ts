import type { AdminClient, AdminFlag } from '@rampart/unleash/admin';
import { fetchDefinitions } from '@rampart/unleash/admin';
import type { LeftPlace, OffReason } from './flag-ledger.js';
import { eventOfSwitchOff, toggleSince } from './flag-toggles.js';
import type { FlagTarget } from './order.js';
import type { FlagPlace } from './report.js';

/** What was switched on in Unleash, and what stays off. */
export interface Switching {
  readonly switched: readonly FlagPlace[];
  readonly left: readonly LeftPlace[];
  /** What a person should know. */
  readonly notes: readonly string[];
}

/** Options of {@link switchOff}. */
export interface SwitchOffOptions {
  readonly admin: AdminClient;
  readonly target: FlagTarget;
  readonly environments: readonly string[] | undefined;
  /** Called with a place that is on before it is switched off, and again with the event once it is off. */
  readonly noteOn: (place: FlagPlace) => Promise<void>;
}

/** Switches flags off wherever they are on, and looks whether they are off then. One that fails keeps no other one on. */
export async function switchOff(options: SwitchOffOptions): Promise<readonly string[]> {
  const { admin, target, environments } = options;
  const flags = 'flag' in target ? [target.flag] : await everyFeature(admin, environments);
  const notes: string[] = [];
  const failures: unknown[] = [];
  for (const flag of flags) {
    try {
      notes.push(...(await switchOneOff(flag, options)));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return notes;
}

async function switchOneOff(
  name: string,
  { admin, environments, noteOn }: SwitchOffOptions,
): Promise<readonly string[]> {
  const flag = await findFlag(admin, name);
  if (flag === undefined) return [missing(name)];
  for (const place of placesOn(flag, environments)) {
    await noteOn(place);
    await admin.flags.switchOff(place);
    const event = await eventOfSwitchOff(admin, place);
    if (event !== undefined) await noteOn({ ...place, event });
  }
  const still = placesOn(await admin.flags.get({ flag: name, project: flag.project }), environments);
  if (still.length === 0) return unusedEnvironments(flag, environments);
  throw new Error(`"${name}" is on again in ${still.map(({ environment }) => environment).join(', ')}`);
}

const missing = (name: string): string =>
  `Unleash has no flag "${name}", or it is archived: plain SDKs answer false for it anyway. If the name is misspelt, this kill stops nothing.`;

/** Options of {@link switchOn}. */
export interface SwitchOnOptions {
  readonly admin: AdminClient;
  readonly places: readonly FlagPlace[];
  /** The kill that still covers a flag, if there is one. Asked before a flag is switched on, and again after. */
  readonly killOf: (flag: string) => Promise<string | undefined>;
}

/** Switches on again what kills had switched off, unless that would open more than before. */
export async function switchOn({ admin, places, killOf }: SwitchOnOptions): Promise<Switching> {
  const switched: FlagPlace[] = [];
  const left: LeftPlace[] = [];
  const notes: string[] = [];
  for (const place of places) {
    const found = await whyNotOn(admin, place, killOf);
    if (found !== undefined) {
      notes.push(found.note);
      if (found.reason !== undefined)
        left.push({ ...place, event: found.event ?? place.event, reason: found.reason, why: found.why });
      continue;
    }
    await admin.flags.switchOn(place);
    const kill = await killOf(place.flag);
    if (kill === undefined) switched.push(place);
    else {
      await admin.flags.switchOff(place);
      const event = (await eventOfSwitchOff(admin, place)) ?? place.event;
      const { note, why } = stillKilled(place, kill);
      notes.push(note);
      left.push({ ...place, event, reason: 'waiting', why });
    }
  }
  return { switched, left, notes };
}

/** Why a place is not switched on; without a reason where there is nothing left to be switched on. */
type NotOn =
  | { readonly note: string; readonly reason: OffReason; readonly why: string; readonly event?: number }
  | { readonly note: string; readonly reason?: undefined };

async function whyNotOn(
  admin: AdminClient,
  place: FlagPlace,
  killOf: SwitchOnOptions['killOf'],
): Promise<NotOn | undefined> {
  const { flag: name, environment } = place;
  const kill = await killOf(name);
  if (kill !== undefined) return stillKilled(place, kill);
  const flag = await admin.flags.find(place);
  const found = flag?.environments.find((one) => one.name === environment);
  if (found === undefined || flag?.archived === true)
    return { note: `"${name}" is no longer in Unleash's ${environment}: nothing to switch on.` };
  if (found.enabled) return { note: `"${name}" is on in ${environment} already: somebody else switched it on.` };
  const later = await toggleSince(admin, place);
  if (later !== undefined) {
    const why = `${later.createdBy || 'somebody'} switched it in Unleash at ${later.createdAt}, after the kill had switched it off`;
    return {
      note: `"${name}" was not switched on in ${environment}: ${why}. ${IN_UI}`,
      reason: 'operator',
      why,
      event: later.id,
    };
  }
  if (found.strategies.some(({ disabled }) => !disabled)) return undefined;
  const why = 'none of its rules is active, and Unleash would add one that opens it to everyone';
  const note = `"${name}" was not switched on in ${environment}: ${why}. Enable a rule, then switch it on in the Unleash UI.`;
  return { note, reason: 'no_active_rule', why };
}

const IN_UI = 'Switch it on in the Unleash UI if it should be on.';

function stillKilled({ flag, environment }: FlagPlace, kill: string) {
  const why = `${kill} still covers it`;
  const note = `"${flag}" was not switched on in ${environment}: ${why}. The revival of that kill switches it on.`;
  return { note, reason: 'waiting', why } as const;
}

/** A flag by name, in the client's project first. */
async function findFlag(admin: AdminClient, flag: string): Promise<AdminFlag | undefined> {
  const own = await admin.flags.find({ flag });
  if (own !== undefined) return notArchived(own);
  const others = (await admin.projects.list()).filter((project) => project !== admin.project);
  for (const project of others) {
    const found = await admin.flags.find({ flag, project });
    if (found !== undefined) return notArchived(found);
  }
  return undefined;
}

const notArchived = (flag: AdminFlag): AdminFlag | undefined => (flag.archived ? undefined : flag);

/** Where a flag is on, among the environments that are meant. */
function placesOn(flag: AdminFlag, environments: readonly string[] | undefined): readonly FlagPlace[] {
  return flag.environments
    .filter(({ name, enabled }) => enabled && (environments?.includes(name) ?? true))
    .map(({ name }) => ({ flag: flag.name, project: flag.project, environment: name }));
}

function unusedEnvironments(flag: AdminFlag, environments: readonly string[] | undefined): readonly string[] {
  const known = flag.environments.map(({ name }) => name);
  return (environments ?? [])
    .filter((name) => !known.includes(name))
    .map((name) => `"${flag.name}" has no environment "${name}" (it has ${known.join(', ')}): nothing to switch off.`);
}

/** The flags with an `aiAccess` rule: what depends on them goes off with them. */
async function everyFeature(admin: AdminClient, given: readonly string[] | undefined): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const environment of given ?? (await admin.environments.list())) {
    for (const { name, strategies } of await fetchDefinitions(admin, { environment })) {
      if (strategies?.some((rule) => rule.name === 'aiAccess')) names.add(name);
    }
  }
  return [...names];
}
