import type { AuditEntry, AuditLog, EntryQuery } from '@rampart/sdk/operator';

/** Every entry that matches, page by page. Returns the last position that was looked at. */
export async function* everyEntry(store: AuditLog, query: EntryQuery): AsyncGenerator<AuditEntry, number, undefined> {
  let { after = 0 } = query;
  for (;;) {
    const page = await store.entries({ ...query, after, limit: 1000 });
    yield* page.entries;
    if (page.next === undefined) return page.head.position;
    after = page.next;
  }
}
