import type { LiveKill, Pending } from '@rampart/sdk/operator';
import { shownScope } from '../input/scope.js';
import { renderPending } from './order.js';
import { counted, oneLine, renderTable } from './table.js';
import type { Paint } from './terminal.js';

/** Live kills as a table, then what is not finished. */
export function renderKills(
  { kills, ...pending }: Pending & { readonly kills: readonly LiveKill[] },
  paint: Paint,
): string {
  const rows = kills.map(({ id, scope, actor, reason, at }) => [
    oneLine(id),
    oneLine(shownScope(scope)),
    new Date(at).toISOString(),
    oneLine(actor ?? '(erased)'),
    oneLine(reason),
  ]);
  const table = rows.length === 0 ? [] : renderTable(['KILL', 'COVERS', 'SINCE', 'WHO', 'WHY'], rows);
  const left = renderUnfinished(pending, paint);
  const total =
    pending.error === undefined
      ? [`${kills.length === 0 ? 'No' : counted(kills.length, 'live kill')}${kills.length === 0 ? ' live kills' : ''}.`]
      : [];
  return `${[...table, ...total, ...left].join('\n')}\n`;
}

/** What is left to be finished, and what could not be looked at. */
export function renderUnfinished({ orders, unreadable, error }: Pending, paint: Paint): readonly string[] {
  return [
    ...orders.map((order) => renderPending(order, paint)),
    ...unreadable.map(({ file, problem }) => paint('red', `can not read ${file}: ${oneLine(problem)}`)),
    ...(error === undefined ? [] : [paint('red', `can not ask the database what is left: ${oneLine(error)}`)]),
    ...(orders.length === 0 ? [] : ['Finish with: rampart sync']),
  ];
}
