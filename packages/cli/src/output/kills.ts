import type { FlagOff, LiveKill, Pending } from '@rampart/sdk/operator';
import { shownScope } from '../input/scope.js';
import { type Route, renderOther, renderPending } from './order.js';
import { counted, oneLine, renderTable } from './table.js';
import type { Paint } from './terminal.js';

/** What is shown of kills. */
export interface ShownKills extends Pending {
  /** Where they were read. @default database */
  readonly through?: Route | undefined;
  readonly kills: readonly LiveKill[];
  readonly flagsOff?: readonly FlagOff[] | undefined;
  readonly flagsOffError?: string | undefined;
}

/** Live kills as a table, then flags that are still off, then what is not finished. */
export function renderKills({ kills, flagsOff, flagsOffError, ...pending }: ShownKills, paint: Paint): string {
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
  return `${[...table, ...total, ...renderFlagsOff({ flagsOff, flagsOffError }, paint), ...left].join('\n')}\n`;
}

function renderFlagsOff(
  { flagsOff = [], flagsOffError }: Pick<ShownKills, 'flagsOff' | 'flagsOffError'>,
  paint: Paint,
): readonly string[] {
  if (flagsOff.length === 0) return [];
  const lines = flagsOff.map(({ flag, environment, why }) =>
    paint('yellow', `still off  ${oneLine(flag)} in ${oneLine(environment)}: ${oneLine(why)}`),
  );
  const unsure =
    flagsOffError === undefined ? [] : [`Unleash was not asked whether they still are: ${oneLine(flagsOffError)}`];
  return [...lines, ...unsure];
}

const FINISHED_BY_GATEWAY =
  'The gateway finishes them if it has an admin token of Unleash, else rampart sync on its database does.';

/** What is left to be finished, and what could not be looked at. */
export function renderUnfinished(
  { orders, unreadable, others = [], error, through }: Omit<ShownKills, 'kills'>,
  paint: Paint,
): readonly string[] {
  return [
    ...orders.map((order) => renderPending(order, paint)),
    ...unreadable.map(({ file, problem }) => paint('red', `can not read ${file}: ${oneLine(problem)}`)),
    ...(error === undefined ? [] : [paint('red', `can not ask the database what is left: ${oneLine(error)}`)]),
    ...others.map((other) => renderOther(other, paint)),
    ...(others.length === 0
      ? []
      : ['Carry out on this database with: rampart sync --adopt ID (or all); to drop one, delete its file']),
    ...(orders.length === 0 ? [] : [through === 'gateway' ? FINISHED_BY_GATEWAY : 'Finish with: rampart sync']),
  ];
}
