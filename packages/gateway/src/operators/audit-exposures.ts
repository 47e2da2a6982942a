import { createHash } from 'node:crypto';
import type { FeatureFlag, FlagSnapshot, Scope } from '@rampart/core';
import { type DurableControl, isReusedIdError, type RecordedMeasurement } from '@rampart/sdk';
import type { Gateway } from '../gateway.js';
import { LabelBook } from './label-book.js';

/** Which exposures to look at. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly flag?: string | undefined;
  readonly after?: string | undefined;
}

/** A tenant that was served a feature which its labels exclude. */
interface Found {
  readonly feature: string;
  readonly tenant: string | undefined;
  readonly labels: string[];
  readonly exposures: number;
  readonly first: number;
  readonly last: number;
  readonly kill?: string | undefined;
  readonly state: 'killed' | 'already_killed' | 'no_tenant';
}

export interface AuditResult {
  readonly exposures: number;
  readonly unlabelled: number;
  readonly found: Found[];
  readonly next?: string | undefined;
}

/** Pages of a thousand that one audit looks at. */
const MOST_PAGES = 200;
const ACTOR = 'exposure audit';

type Suspect = Omit<Found, 'state' | 'kill'>;

/** Joins exposures with labels, kills the feature for tenants that are excluded, and tells. */
export async function auditExposures(gateway: Gateway, control: DurableControl, window: Window): Promise<AuditResult> {
  const snapshot = gateway.rampart.flags.snapshot();
  const labels = new LabelBook({ store: control.store, directory: gateway.directory, log: gateway.log });
  const suspects = new Map<string, Suspect[]>();
  let [exposures, unlabelled, pages, after] = [0, 0, 0, window.after];
  do {
    const { events, next } = await control.store.events({ name: 'exposure', from: window.from, to: window.to, after });
    for (const event of events) {
      const feature = featureOf(snapshot, event);
      if (feature === undefined || (window.flag !== undefined && feature.name !== window.flag)) continue;
      exposures += 1;
      const exclude = feature.access?.exclude ?? new Set();
      if (exclude.size === 0) continue;
      const known = await labels.of(event);
      if (known === undefined) unlabelled += 1;
      else
        note(
          suspects,
          event,
          feature.name,
          known.filter((label) => exclude.has(label)),
        );
    }
    after = next;
  } while (after !== undefined && ++pages < MOST_PAGES);
  const found: Found[] = [];
  for (const times of suspects.values()) found.push(await stop(gateway, control, times));
  return { exposures, unlabelled, found, next: after };
}

/** The feature of an exposure, whether it names the feature or a change of it. */
function featureOf(snapshot: FlagSnapshot, { flag, change }: RecordedMeasurement): FeatureFlag | undefined {
  const named = snapshot.flag(flag ?? change ?? '');
  const found = named?.kind === 'change' || named?.kind === 'gated' ? snapshot.flag(named.feature ?? '') : named;
  return found?.kind === 'feature' ? found : undefined;
}

function note(suspects: Map<string, Suspect[]>, event: RecordedMeasurement, feature: string, labels: string[]): void {
  if (labels.length === 0) return;
  const { tenant, at } = event;
  const key = JSON.stringify([feature, tenant ?? null]);
  const times = suspects.get(key) ?? [];
  times.push({ feature, tenant, labels, exposures: 1, first: at, last: at });
  suspects.set(key, times);
}

async function stop(gateway: Gateway, control: DurableControl, times: readonly Suspect[]): Promise<Found> {
  const all = summed(times);
  const { feature, tenant } = all;
  if (tenant === undefined) return told(gateway, { ...all, state: 'no_tenant' });
  const live = await control.store.items({ kind: 'kill' });
  const kill = live.flatMap(({ change }) => (change.kind === 'kill' ? [change.kill] : []));
  const covering = kill.find(({ scope }) => covers(scope, feature, tenant));
  if (covering !== undefined) return { ...all, kill: covering.id, state: 'already_killed' };
  const revived = await lastRevival(control, feature, tenant);
  // What happened before a fix was given is answered by that fix.
  const since = times.filter(({ last }) => last > (revived?.at ?? -1));
  if (since.length === 0) return { ...all, state: 'already_killed' };
  const { labels, exposures, first, last } = summed(since);
  const id = `exposure-${digest([feature, tenant])}`;
  const reason =
    `served ${exposures} times between ${new Date(first).toISOString()} and ${new Date(last).toISOString()} ` +
    `although excluded: ${labels.join(', ')}`;
  // The same audit on another process writes the same entry.
  const write = { actor: ACTOR, reason, id: `audit-${digest([feature, tenant, revived?.position ?? 0])}` };
  const change = { kind: 'kill', kill: { id, scope: { feature, tenant }, reason } } as const;
  await control.apply(change, { ...write, expected: 'any' }).catch((error: unknown) => {
    // The other process may have counted other exposures.
    if (!isReusedIdError(error)) throw error;
  });
  return told(gateway, { ...all, kill: id, state: 'killed' });
}

function summed(times: readonly Suspect[]): Suspect {
  const [{ feature, tenant } = { feature: '', tenant: undefined }] = times;
  return {
    feature,
    tenant,
    labels: [...new Set(times.flatMap(({ labels }) => labels))].sort(),
    exposures: times.length,
    first: times.reduce((least, { first }) => Math.min(least, first), Number.POSITIVE_INFINITY),
    last: times.reduce((most, { last }) => Math.max(most, last), 0),
  };
}

function covers({ all, ...scope }: Scope, feature: string, tenant: string): boolean {
  if (all === true) return true;
  const parts = Object.entries(scope).filter(([, value]) => value !== undefined);
  return parts.every(
    ([part, value]) => (part === 'feature' && value === feature) || (part === 'tenant' && value === tenant),
  );
}

async function lastRevival({ store }: DurableControl, flag: string, tenant: string) {
  let last: { readonly at: number; readonly position: number } | undefined;
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page = await store.entries({ kinds: ['revive'], flag, tenant, after, limit: 1_000 });
    last = page.entries.at(-1) ?? last;
    after = page.next;
  }
  return last;
}

// Without the tenant: the audit trail names it under the kill's id.
function told({ log }: Gateway, found: Found): Found {
  const { feature, kill, state, labels, exposures } = found;
  log.error({ feature, kill, state, labels, exposures }, 'exposure audit: an excluded subject was served');
  return found;
}

function digest(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
}
