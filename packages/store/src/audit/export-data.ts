import { ControlInputError, type JsonValue, readId } from '@rampart/core';
import type { AuditEntry, EntryQuery } from '../api/audit-entry.js';
import type { ControlItem, DataSubject } from '../api/control-items.js';
import type { Database } from '../database/database.js';
import { eventsAbout } from '../events/read-events.js';
import { asJson } from '../log/canonical.js';
import { scopeOf } from '../state/item.js';
import { items } from '../state/items.js';
import { requireTenant } from '../state/subject.js';
import { entries } from './entries.js';

const PAGE = 1_000;

/** Everything stored about a tenant or a user: items, entries about them or by them, and measurements. */
export async function exportData(database: Database, subject: DataSubject): Promise<JsonValue> {
  const { tenant, user } = readSubject(database, subject);
  const queries: readonly EntryQuery[] =
    user === undefined
      ? [{ tenant }]
      : [
          { tenant, user },
          { tenant, actor: user },
        ];
  const byPosition = new Map<number, AuditEntry>();
  for (const query of queries) {
    for (const entry of await allEntries(database, query)) byPosition.set(entry.position, entry);
  }
  const about = user === undefined ? await aboutTenant(database, tenant) : await aboutUser(database, tenant, user);
  return asJson({
    tenant,
    user,
    items: about,
    entries: [...byPosition.values()].sort((one, other) => one.position - other.position),
    events: await eventsAbout(database, subject),
  });
}

/** @throws ControlInputError */
export function readSubject({ sql }: Database, { tenant, user }: DataSubject): DataSubject {
  requireTenant(sql, readId('tenant', tenant));
  if (user !== undefined) readId('user', user);
  return { tenant, user };
}

/** Kills, caps and floors that name a tenant. */
export async function itemsNaming(database: Database, tenant: string): Promise<readonly ControlItem[]> {
  const scoped: ControlItem[] = [];
  for (const kind of ['kill', 'cap', 'floor'] as const) scoped.push(...(await items(database, { kind })));
  return scoped.filter(({ change }) => scopeOf(change)?.tenant === tenant);
}

/** @throws ControlInputError that names the first item */
export function requireNone(named: readonly ControlItem[], tenant: string): void {
  const change = named[0]?.change;
  if (change === undefined) return;
  const id = (change as unknown as { readonly [kind: string]: { readonly id?: string } | undefined })[change.kind]?.id;
  throw new ControlInputError(
    'tenant',
    tenant,
    `lift the ${change.kind} ${id} first: it names the tenant, and erasing it would end it`,
  );
}

async function aboutTenant(database: Database, tenant: string): Promise<readonly ControlItem[]> {
  return [...(await items(database, { tenant })), ...(await itemsNaming(database, tenant))];
}

async function aboutUser(database: Database, tenant: string, user: string): Promise<readonly ControlItem[]> {
  const ofTenant = await items(database, { tenant });
  return ofTenant.filter(({ change, actor }) => (change.kind === 'choice' && change.user === user) || actor === user);
}

async function allEntries(database: Database, query: EntryQuery): Promise<readonly AuditEntry[]> {
  const all: AuditEntry[] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page = await entries(database, { ...query, after, limit: PAGE });
    all.push(...page.entries);
    after = page.next;
  }
  return all;
}
