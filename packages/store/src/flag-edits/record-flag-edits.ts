import { randomUUID } from 'node:crypto';
import { ControlInputError, MAX_ID_LENGTH, readId } from '@rampart/core';
import type { FlagEdit } from '../api/flag-change-event.js';
import type { Database } from '../database/database.js';
import { insertRows, marks, type Session } from '../database/sql-dialect.js';
import { append, type Draft } from '../log/append.js';
import { asJson, storableText } from '../log/canonical.js';
import { requireWhole } from '../log/read-log.js';

/** How many edits one transaction records. */
const AT_ONCE = 200;
const MAX_REASON_LENGTH = 2_000;
const REASON = 'none given: edited on the flag platform';

/** Copies edits into the log; those that are there already are left out. */
export async function recordFlagEdits(database: Database, server: string, edits: readonly FlagEdit[]): Promise<number> {
  readId('server', server);
  edits.forEach(requireEdit);
  const ascending = [...new Map(edits.map((edit) => [edit.event, edit])).values()].sort((a, b) => a.event - b.event);
  let recorded = 0;
  for (let start = 0; start < ascending.length; start += AT_ONCE) {
    recorded += await recordSome(database, server, ascending.slice(start, start + AT_ONCE));
  }
  return recorded;
}

/** The highest event id recorded of a server. */
export async function lastFlagEdit(database: Database, server: string): Promise<number | undefined> {
  readId('server', server);
  const [row] = await database.session((session) =>
    session.rows<{ last: number | null }>('select max(event_id) as last from rampart_flag_edit where server = ?', [
      server,
    ]),
  );
  return row?.last ?? undefined;
}

function recordSome(database: Database, server: string, edits: readonly FlagEdit[]): Promise<number> {
  return database.transaction(`flag edits of ${server}`, {
    look: (session) => notRecorded(session, server, edits),
    async work(session, fresh) {
      const drafts = fresh.map((edit) => draftOf(server, edit));
      if (drafts.length === 0) {
        await session.rows('rollback');
        return 0;
      }
      const rows = fresh.map(({ event }, index) => [server, event, drafts[index]?.id]);
      const statement = insertRows('rampart_flag_edit', ['server', 'event_id', 'entry'], rows);
      await append(database, session, drafts, [statement]);
      return drafts.length;
    },
  });
}

async function notRecorded(session: Session, server: string, edits: readonly FlagEdit[]): Promise<readonly FlagEdit[]> {
  const rows = await session.rows<{ event_id: number }>(
    `select event_id from rampart_flag_edit where server = ? and event_id in (${marks(edits)})`,
    [server, ...edits.map(({ event }) => event)],
  );
  const known = new Set(rows.map(({ event_id: event }) => event));
  return edits.filter(({ event }) => !known.has(event));
}

function draftOf(server: string, edit: FlagEdit): Draft & { readonly id: string } {
  const { event, type, flag, environment, project, actor, at, reason = REASON, before, after } = edit;
  return {
    id: randomUUID(),
    kind: 'flag_edit',
    subject: '',
    flag,
    actor: nameOf(actor),
    reason: storableText(reason, MAX_REASON_LENGTH),
    what: {
      edit: asJson({ server, event, type, flag, environment, project, at }),
      before: before ?? null,
      after: after ?? null,
    },
  };
}

function requireEdit({ event, type, flag, environment, project, at }: FlagEdit): void {
  requireWhole('edits.event', event, 0);
  requireWhole('edits.at', at, 0);
  readId('edits.flag', flag);
  readId('edits.type', type);
  for (const [field, value] of Object.entries({ environment, project })) {
    if (value !== undefined && typeof value !== 'string') {
      throw new ControlInputError(`edits.${field}`, value, 'write a string, or leave it out');
    }
  }
}

// The platform names people as it likes. An edit whose author can't be stored must not hold up those after it.
function nameOf(actor: unknown): string {
  const text = typeof actor === 'string' ? actor : '';
  const name = storableText(text.replace(/\p{Cc}+/gu, ' '), MAX_ID_LENGTH).trim();
  return name === '' ? 'unknown' : name;
}
