import type { Bands, ConsentModel, ControlChange, Mode, Scope, StoredModel } from '@rampart/core';
import { MODES } from '@rampart/core';

const MODELS: readonly ConsentModel[] = ['not_required', 'opt_out', 'opt_in'];
const BANDS: readonly (keyof Bands)[] = ['autoAbove', 'confirmFrom', 'reviewFrom'];

/**
 * Whether a change can only take away from what AI may do, so that it never has to wait for anyone to read anything.
 *
 * @param before what is there now
 */
export function narrows(before: ControlChange, change: ControlChange): boolean {
  switch (change.kind) {
    case 'consent':
      return change.consent.state === 'opt_out';
    case 'choice':
      return change.choice === 'opt_out';
    case 'preference':
      return before.kind === 'preference' && isSafer(before, change);
    case 'model':
      return before.kind === 'model' && strictness(change.model) >= strictness(before.model);
    case 'kill':
      return before.kind === 'kill' && reaches(change.kill.scope, before.kill.scope);
    case 'cap':
      return (
        before.kind === 'cap' && reaches(change.cap.scope, before.cap.scope) && isLess(change.cap.mode, before.cap.mode)
      );
    case 'floor':
      return (
        before.kind === 'floor' &&
        reaches(change.floor.scope, before.floor.scope) &&
        isHigher(change.floor.bands, before.floor.bands)
      );
    case 'override':
      return before.kind === 'override' && isFurtherOff(before.override, change.override);
    default:
      return false;
  }
}

// A stored model that can't be read closes, as none of the models does.
function strictness(model: StoredModel): number {
  return model === 'unknown' ? MODELS.length : MODELS.indexOf(model);
}

/** Whether a scope covers whatever another one covers: it names nothing that the other doesn't name too. */
function reaches(scope: Scope, other: Scope): boolean {
  if (scope.all === true) return true;
  if (other.all === true) return false;
  return Object.entries(scope).every(([part, value]) => value === undefined || other[part as keyof Scope] === value);
}

function isLess(mode: Mode, before: Mode): boolean {
  return MODES.indexOf(mode) <= MODES.indexOf(before);
}

function isHigher(bands: Partial<Bands>, before: Partial<Bands>): boolean {
  return BANDS.every((band) => before[band] === undefined || (bands[band] ?? -1) >= before[band]);
}

type Preference = Extract<ControlChange, { readonly kind: 'preference' }>;

function isSafer(before: Preference, { mode, bands = {} }: Preference): boolean {
  const lessMode = before.mode === undefined || (mode !== undefined && isLess(mode, before.mode));
  return lessMode && isHigher(bands, before.bands ?? {});
}

type Override = Extract<ControlChange, { readonly kind: 'override' }>['override'];

function isFurtherOff(before: Override, { flag, force, until }: Override): boolean {
  return force === 'off' && flag === before.flag && (before.force === 'on' || until >= before.until);
}
