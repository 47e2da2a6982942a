import type { JsonValue } from '@rampart/core';
import type { AuditEntry, Verification } from '@rampart/sdk/operator';
import { renderDiff } from './entry-diff.js';
import { counted, oneLine } from './table.js';
import type { Paint } from './terminal.js';

/** An entry of the control log in three or four lines: subject, the edit, what changed, and the actor with the reason. */
export function renderEntry(entry: AuditEntry, paint: Paint): string {
  const { position, at, kind, erased, actor, reason } = entry;
  const about = subjectOf(entry)
    .map(([name, value]) => `${name} ${oneLine(value)}`)
    .join(', ');
  const by = erased ? '(erased)' : `by ${oneLine(actor ?? '(erased)')}: ${oneLine(reason ?? '')}`;
  const head = `${String(position).padStart(6)}  ${new Date(at).toISOString()}  ${paint('bold', kind)}${about === '' ? '' : `  ${about}`}`;
  const edited = entry.edit === undefined ? [] : [`        ${shownEdit(entry.edit)}`];
  const change = erased ? [] : [`        ${renderDiff(entry.before, entry.after, HIDDEN)}`];
  return `${[head, ...edited, ...change, `        ${by}`].join('\n')}\n`;
}

/** Members that the first line shows. */
const HIDDEN = ['id'];

/** What an entry is about: the names by which people look for it. */
function subjectOf({ tenant, user, flag, change, before, after }: AuditEntry): readonly (readonly [string, string])[] {
  const { featureClass, id } = (change ?? {}) as { readonly featureClass?: string; readonly id?: string };
  const all: readonly (readonly [string, string | undefined])[] = [
    ['tenant', tenant],
    ['user', user],
    ['class', featureClass],
    ['flag', flag],
    [change === undefined ? 'rule' : 'id', id ?? idOf(after) ?? idOf(before)],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function idOf(value: JsonValue | undefined): string | undefined {
  const id =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as { readonly id?: unknown }).id
      : undefined;
  return typeof id === 'string' ? id : undefined;
}

/** What was found in the log. */
export function renderVerification(found: Verification, heads: number, paint: Paint): string {
  const { ok, findings, entries, sealed, erased, signedWithSecret, head } = found;
  const lines = findings.map(
    ({ kind, position, message }) => `${paint('red', kind.padEnd(9))}  entry ${position}: ${oneLine(message)}`,
  );
  const verdict = ok
    ? paint('green', 'The log is whole')
    : paint('red', `${counted(findings.length, 'finding')}: ${verdictOf(found)}`);
  const more = `${counted(entries, 'entry').replace('entrys', 'entries')}, ${erased} erased, ${sealed} sealed now, ${counted(heads, 'exported head')} held against it`;
  const weak =
    heads > 0
      ? []
      : [
          'Without a head that was kept elsewhere (rampart audit head), a tail that was cut off together with the head does not show.',
        ];
  const rotation = signedWithSecret
    ? []
    : ['New entries are signed with an accepted secret, not with RAMPART_SECRET yet: see rampart secret status.'];
  return `${[...lines, `${verdict}: ${more}; it ends at ${head.epoch}.${head.position}.`, ...weak, ...rotation].join('\n')}\n`;
}

function verdictOf({ findings }: Verification): string {
  const isUnproven = findings.every(({ kind }) => kind === 'secret_missing');
  return isUnproven ? 'entries whose secret was not given can not be proven' : 'the log was tampered with';
}

/** What happened to a flag, where and when, in the platform's words and by its clock. */
function shownEdit(edit: JsonValue): string {
  const { type, environment, event, at } = edit as Readonly<Record<string, unknown>>;
  const where = typeof environment === 'string' ? ` in ${environment}` : '';
  return oneLine(`${String(type)}${where}, event ${String(event)} at ${new Date(Number(at)).toISOString()}`);
}
