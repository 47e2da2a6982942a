import type { FlagPlace, HalfReport, OrderReport, OtherPending, PendingOrder } from '@rampart/sdk/operator';
import { inOurWords } from '../failure.js';
import { shownScope } from '../input/scope.js';
import { oneLine } from './table.js';
import type { Paint, Style } from './terminal.js';

const WORDS: Readonly<Record<HalfReport['state'], string>> = {
  held: 'HOLDS',
  pending: 'DOES NOT HOLD YET',
  failed: 'FAILED',
  not_needed: 'not needed',
};
const STYLES: Readonly<Record<HalfReport['state'], Style>> = {
  held: 'green',
  pending: 'red',
  failed: 'red',
  not_needed: 'dim',
};

/** An order and its two halves: what holds and what does not stands at the start of a line. */
export function renderOrder(report: OrderReport, paint: Paint): string {
  const { action, id, scope, control, unleash } = report;
  const lines = [
    `${paint('bold', `${action} ${oneLine(id)}`)}: ${oneLine(shownScope(scope))}`,
    ...renderHalf('control log', control, paint),
    ...renderHalf('Unleash', unleash, paint),
    ...unleash.switched.map((place) => `    switched ${action === 'kill' ? 'off' : 'on'}: ${shownPlace(place)}`),
    ...[...control.notes, ...unleash.notes].map((note) => paint('yellow', `  note: ${oneLine(note)}`)),
    ...(report.journalError === undefined
      ? []
      : [paint('yellow', `  note: this could not be noted on this machine: ${oneLine(report.journalError)}`)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** How an order was given. */
export type Route = 'database' | 'gateway';

/** What is left to do, and who does it. */
export function renderLeft(report: OrderReport, paint: Paint, through: Route = 'database'): string {
  if (report.settled) return '';
  const { control, unleash, id } = report;
  if (control.errorKind !== undefined)
    return `${paint('red', 'The control log did not take the order; it is kept on this machine.')} Give the right database, then run rampart sync --adopt ${oneLine(id)}\n`;
  const open = [...(isOpen(control) ? ['the control log'] : []), ...(isOpen(unleash) ? ['Unleash'] : [])];
  const what = open.length === 0 ? 'a note in the database that it is done' : open.join(' and ');
  if (through === 'gateway') return `${paint('red', `Left pending: ${what}.`)} ${leftAtGateway(control)}\n`;
  const where = control.state === 'held' ? 'from any machine' : 'from this machine';
  return `${paint('red', `Left pending: ${what}.`)} rampart sync finishes it, ${where}.\n`;
}

function leftAtGateway({ state }: HalfReport): string {
  return state === 'held'
    ? 'The gateway finishes it if it has an admin token of Unleash, else rampart sync on its database does.'
    : 'The gateway keeps trying until it stops; rampart kills shows whether the control log has it.';
}

/** A line for somebody who waits, once something has failed: what holds, and what is still tried. */
export function renderProgress({ control, unleash, settleError }: OrderReport): string {
  const halves = [
    ['control log', control],
    ['Unleash', unleash],
  ] as const;
  const failing = halves.filter(([, half]) => isOpen(half) && half.error !== undefined);
  const trying = [
    ...failing.map(([name, { error = '' }]) => `still trying, ${name}: ${oneLine(inOurWords(error))}`),
    ...(settleError === undefined ? [] : [`still trying, to note that it is done: ${oneLine(settleError)}`]),
  ];
  const held = halves.filter(([, { state }]) => state === 'held').map(([name]) => `${name} HOLDS`);
  const failed = halves.flatMap(([name, { state, error = '' }]) =>
    state === 'failed' ? [`${name} FAILED: ${oneLine(error)}`] : [],
  );
  return trying.length === 0 ? '' : `  ${[...held, ...failed, ...trying].join('; ')}\n`;
}

/** An order that is under way. */
export function renderPending({ action, id, scope, recorded, noted, error }: PendingOrder, paint: Paint): string {
  const missing = recorded ? 'Unleash' : 'the control log, perhaps Unleash too';
  const where = noted === 'journal' ? 'noted on this machine' : 'noted in the database';
  const why = error === undefined ? '' : `: ${oneLine(error)}`;
  return `${paint('red', 'pending')}  ${action} ${oneLine(id)} (${oneLine(shownScope(scope))}) misses ${missing}, ${where}${why}`;
}

/** An order of this machine for another database. */
export function renderOther({ action, id, scope, database, log, file }: OtherPending, paint: Paint): string {
  const where = `${database ?? 'an address that was not noted'}, ${log === undefined ? 'whose control log was never reached' : `control log ${log}`}`;
  return `${paint('red', 'pending for another database')}  ${action} ${oneLine(id)} (${oneLine(shownScope(scope))}), ordered for ${oneLine(where)}: ${oneLine(file)}`;
}

function shownPlace({ flag, environment }: Pick<FlagPlace, 'flag' | 'environment'>): string {
  return oneLine(`${flag} in ${environment}`);
}

function renderHalf(name: string, { state, since, error, attempts }: HalfReport, paint: Paint): readonly string[] {
  const when = state === 'not_needed' ? '' : ` since ${new Date(since).toISOString()}`;
  const tried = attempts > 0 ? `, after ${attempts} failed` : '';
  const line = `  ${name.padEnd(11)}  ${paint(STYLES[state], WORDS[state])}${when}${tried}`;
  return error === undefined || state === 'held' ? [line] : [line, `    ${oneLine(inOurWords(error))}`];
}

const isOpen = ({ state }: HalfReport): boolean => state === 'pending';
