import type { Bands, ControlChange } from '@rampart/core';
import type { ControlItem } from '@rampart/sdk/operator';
import { shownScope } from '../input/scope.js';
import { oneLine, renderTable } from './table.js';

/** What limits automation: an emergency cap or floor, or the calibration of a change. */
export type LimitKind = 'cap' | 'floor' | 'calibration';

/** Caps, floors or calibrations as a table. */
export function renderLimits(kind: LimitKind, items: readonly ControlItem[]): string {
  if (items.length === 0) return `No ${kind} is recorded.\n`;
  const rows = items.map(({ change, actor, reason, at }) => [
    ...cellsOf(change),
    new Date(at).toISOString(),
    oneLine(actor ?? '(erased)'),
    oneLine(reason ?? '(erased)'),
  ]);
  return `${renderTable([...HEADERS[kind], 'SINCE', 'WHO', 'WHY'], rows).join('\n')}\n`;
}

/** A cap, floor or calibration as a sentence. */
export function shownLimit(change: ControlChange): string {
  if (change.kind === 'cap')
    return `cap ${change.cap.id}: at most ${change.cap.mode} for ${shownScope(change.cap.scope)}`;
  if (change.kind === 'floor')
    return `floor ${change.floor.id}: at least ${shownBands(change.floor.bands)} for ${shownScope(change.floor.scope)}`;
  return change.kind === 'calibration' ? `calibration error of ${change.change}: ${change.error}` : change.kind;
}

const HEADERS: Readonly<Record<LimitKind, readonly string[]>> = {
  cap: ['ID', 'SCOPE', 'MODE'],
  floor: ['ID', 'SCOPE', 'THRESHOLDS'],
  calibration: ['CHANGE', 'ERROR'],
};

function cellsOf(change: ControlChange): readonly string[] {
  if (change.kind === 'cap') return [oneLine(change.cap.id), oneLine(shownScope(change.cap.scope)), change.cap.mode];
  if (change.kind === 'floor')
    return [oneLine(change.floor.id), oneLine(shownScope(change.floor.scope)), shownBands(change.floor.bands)];
  return change.kind === 'calibration' ? [oneLine(change.change), String(change.error)] : [];
}

const shownBands = (bands: Partial<Bands>): string =>
  Object.entries(bands)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
