import type { Bands, ConsentModel, ControlChange, Mode, Scope, StoredModel } from '@rampart/core';
import { MODES } from '@rampart/core';

const MODELS: readonly ConsentModel[] = ['not_required', 'opt_out', 'opt_in'];
const BANDS: readonly (keyof Bands)[] = ['autoAbove', 'confirmFrom', 'reviewFrom'];

/**
 * Whether a change can only take away from what AI may do, so that it never has to wait for anyone to read anything.
 *
 * @param before what is there now
 */
export function isNarrowing(before: ControlChange, change: ControlChange): boolean {
  switch (change.kind) {
    case 'consent':
      return change.consent.state === 'opt_out';
    case 'choice':
      return change.choice === 'opt_out';
    case 'preference':
      return before.kind === 'preference' && isSaferPreference(before, change);
    case 'model':
      return before.kind === 'model' && strictness(change.model) >= strictness(before.model);
    case 'kill':
      return before.kind === 'kill' && scopeCovers(change.kill.scope, before.kill.scope);
    case 'cap':
      return (
        before.kind === 'cap' &&
        scopeCovers(change.cap.scope, before.cap.scope) &&
        isAtMostMode(change.cap.mode, before.cap.mode)
      );
    case 'floor':
      return (
        before.kind === 'floor' &&
        scopeCovers(change.floor.scope, before.floor.scope) &&
        areAtLeastBands(change.floor.bands, before.floor.bands)
      );
    case 'override':
      return before.kind === 'override' && isMoreRestrictive(before.override, change.override);
    default:
      return false;
  }
}

// A stored model that can't be read closes, as none of the models does.
function strictness(model: StoredModel): number {
  return model === 'unknown' ? MODELS.length : MODELS.indexOf(model);
}

/** Whether a scope covers whatever another one covers: it names nothing that the other doesn't name too. */
function scopeCovers(scope: Scope, other: Scope): boolean {
  if (scope.all === true) return true;
  if (other.all === true) return false;
  return Object.entries(scope).every(([part, value]) => value === undefined || other[part as keyof Scope] === value);
}

function isAtMostMode(mode: Mode, before: Mode): boolean {
  return MODES.indexOf(mode) <= MODES.indexOf(before);
}

function areAtLeastBands(bands: Partial<Bands>, before: Partial<Bands>): boolean {
  return BANDS.every((band) => before[band] === undefined || (bands[band] ?? -1) >= before[band]);
}

type Preference = Extract<ControlChange, { readonly kind: 'preference' }>;

function isSaferPreference(before: Preference, { mode, bands = {} }: Preference): boolean {
  const lessMode = before.mode === undefined || (mode !== undefined && isAtMostMode(mode, before.mode));
  return lessMode && areAtLeastBands(bands, before.bands ?? {});
}

type Override = Extract<ControlChange, { readonly kind: 'override' }>['override'];

function isMoreRestrictive(before: Override, { flag, force, until }: Override): boolean {
  return force === 'off' && flag === before.flag && (before.force === 'on' || until >= before.until);
}
