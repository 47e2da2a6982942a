import { randomUUID } from 'node:crypto';
import { ControlInputError, MAX_ID_LENGTH, readId } from '@rampart/core';
import type { FlagChangeEvent } from '../api/flag-change-event.js';
import type { Database } from '../database/database.js';
import { insertRows, type Session } from '../database/sql-dialect.js';
import { type NewEntry, runPlanned } from '../log/append.js';
import { asJson, storableText } from '../log/canonical.js';
import { requireInteger } from '../validate.js';

/** Edits per transaction. */
const BATCH_SIZE = 200;
const MAX_REASON_LENGTH = 2_000;
const DEFAULT_REASON = 'none given: edited on the flag platform';

/** Copies new edits into the log and returns their number. */
export async function recordFlagEdits(
  database: Database,
  server: string,
  edits: readonly FlagChangeEvent[],
): Promise<number> {
  readId('server', server);
  edits.forEach(requireEdit);
  const ascending = [...new Map(edits.map((edit) => [edit.event, edit])).values()].sort((a, b) => a.event - b.event);
  let recorded = 0;
  for (let start = 0; start < ascending.length; start += BATCH_SIZE) {
    recorded += await recordBatch(database, server, ascending.slice(start, start + BATCH_SIZE));
  }
  return recorded;
}

/** The highest recorded event id of a server. */
export async function lastFlagEdit(database: Database, server: string): Promise<number | undefined> {
  readId('server', server);
  const query = database.kysely
    .selectFrom('rampart_flag_edit')
    .select((on) => on.fn.max('event_id').as('last'))
    .where('server', '=', server);
  const [row] = await database.session((session) => session.run(query));
  return row?.last ?? undefined;
}

async function recordBatch(database: Database, server: string, edits: readonly FlagChangeEvent[]): Promise<number> {
  const recorded = await runPlanned(database, `flag edits of ${server}`, {
    read: (session) => newEdits(database, session, { server, edits }),
    plan(events) {
      if (events.length === 0) return { skip: [] };
      const entries = events.map((event) => toEntry(server, event));
      const rows = events.map(({ event }, index) => [server, event, entries[index]?.id]);
      return { entries, writes: [insertRows('rampart_flag_edit', ['server', 'event_id', 'entry'], rows)] };
    },
  });
  return recorded.length;
}

async function newEdits(
  { kysely }: Database,
  session: Session,
  { server, edits }: { readonly server: string; readonly edits: readonly FlagChangeEvent[] },
): Promise<readonly FlagChangeEvent[]> {
  const ids = edits.map(({ event }) => event);
  const rows = await session.run(
    kysely.selectFrom('rampart_flag_edit').select('event_id').where('server', '=', server).where('event_id', 'in', ids),
  );
  const recordedEvents = new Set(rows.map(({ event_id: event }) => event));
  return edits.filter(({ event }) => !recordedEvents.has(event));
}

function toEntry(server: string, edit: FlagChangeEvent): NewEntry & { readonly id: string } {
  const { event, type, flag, environment, project, actor, at, reason = DEFAULT_REASON, before, after } = edit;
  return {
    id: randomUUID(),
    kind: 'flag_edit',
    subject: '',
    flag,
    actor: sanitizeActor(actor),
    reason: storableText(reason, MAX_REASON_LENGTH),
    what: {
      edit: asJson({ server, event, type, flag, environment, project, at }),
      before: before ?? null,
      after: after ?? null,
    },
  };
}

function requireEdit({ event, type, flag, environment, project, at }: FlagChangeEvent): void {
  requireInteger('edits.event', event, 0);
  requireInteger('edits.at', at, 0);
  readId('edits.flag', flag);
  readId('edits.type', type);
  for (const [field, value] of Object.entries({ environment, project })) {
    if (value !== undefined && typeof value !== 'string') {
      throw new ControlInputError(`edits.${field}`, value, 'write a string, or leave it out');
    }
  }
}

// The platform may use any name. An author that can't be stored must not block later edits.
function sanitizeActor(actor: unknown): string {
  const text = typeof actor === 'string' ? actor : '';
  const name = storableText(text.replace(/\p{Cc}+/gu, ' '), MAX_ID_LENGTH).trim();
  return name === '' ? 'unknown' : name;
}
