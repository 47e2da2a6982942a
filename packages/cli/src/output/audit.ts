import type { JsonValue } from '@rampart/core';
import type { AuditEntry, Verification } from '@rampart/sdk/operator';
import { counted, oneLine } from './table.js';
import type { Paint } from './terminal.js';

/** An entry of the control log in two or three lines. */
export function renderEntry(entry: AuditEntry, paint: Paint): string {
  const { position, at, kind, erased, actor, reason, tenant, user, flag } = entry;
  const about = [
    ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(flag === undefined ? [] : [`flag ${flag}`]),
  ].join(', ');
  const who = erased ? '(erased)' : `by ${oneLine(actor ?? '(erased)')}: ${oneLine(reason ?? '')}`;
  const head = `${String(position).padStart(6)}  ${new Date(at).toISOString()}  ${paint('bold', kind)}${about === '' ? '' : `  ${oneLine(about)}`}`;
  const edited = entry.edit === undefined ? [] : [`        ${shownEdit(entry.edit)}`];
  const [before, after] = differing(entry.before, entry.after);
  const change = erased ? [] : [`        ${shortJson(before)} -> ${shortJson(after)}`];
  return `${[head, ...edited, ...change, `        ${who}`].join('\n')}\n`;
}

/** What was found in the log. */
export function renderVerification(found: Verification, heads: number, paint: Paint): string {
  const { ok, findings, entries, sealed, erased, head } = found;
  const lines = findings.map(
    ({ kind, position, message }) => `${paint('red', kind.padEnd(9))}  entry ${position}: ${oneLine(message)}`,
  );
  const verdict = ok
    ? paint('green', 'The log is whole')
    : paint('red', `${counted(findings.length, 'finding')}: the log was tampered with`);
  const more = `${counted(entries, 'entry').replace('entrys', 'entries')}, ${erased} erased, ${sealed} sealed now, ${counted(heads, 'exported head')} held against it`;
  const weak =
    heads > 0
      ? []
      : [
          'Without a head that was kept elsewhere (rampart audit head), a tail that was cut off together with the head does not show.',
        ];
  return `${[...lines, `${verdict}: ${more}; it ends at ${head.epoch}.${head.position}.`, ...weak].join('\n')}\n`;
}

/** What happened to a flag, where and when, in the platform's words and by its clock. */
function shownEdit(edit: JsonValue): string {
  const { type, environment, event, at } = edit as Readonly<Record<string, unknown>>;
  const where = typeof environment === 'string' ? ` in ${environment}` : '';
  return oneLine(`${String(type)}${where}, event ${String(event)} at ${new Date(Number(at)).toISOString()}`);
}

/** The parts of two objects that differ; all of them where one is none. */
function differing(before: JsonValue = null, after: JsonValue = null): readonly [JsonValue, JsonValue] {
  if (!isObject(before) || !isObject(after)) return [before, after];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  const only = (value: JsonObject): JsonValue =>
    Object.fromEntries(changed.flatMap((name) => (name in value ? [[name, value[name] as JsonValue]] : [])));
  return [only(before), only(after)];
}

type JsonObject = Readonly<Record<string, JsonValue>>;

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const LONGEST = 120;

function shortJson(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = oneLine(JSON.stringify(value));
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
