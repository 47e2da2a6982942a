import type { Bands, ConsentModel, ControlChange, Mode, Scope, StoredModel } from '@rampart/core';
import { MODES } from '@rampart/core';

const MODELS: readonly ConsentModel[] = ['not_required', 'opt_out', 'opt_in'];
const BANDS: readonly (keyof Bands)[] = ['autoAbove', 'confirmFrom', 'reviewFrom'];

export function isAtLeastAsStrict(model: StoredModel, before: StoredModel): boolean {
  return strictness(model) >= strictness(before);
}

// An unreadable model closes, which no model does.
function strictness(model: StoredModel): number {
  return model === 'unknown' ? MODELS.length : MODELS.indexOf(model);
}

/** Whether a scope covers everything that another one covers: every part it names is in the other too. */
export function scopeCovers(scope: Scope, other: Scope): boolean {
  if (scope.all === true) return true;
  if (other.all === true) return false;
  return Object.entries(scope).every(([part, value]) => value === undefined || other[part as keyof Scope] === value);
}

export function isAtMostMode(mode: Mode, before: Mode): boolean {
  return MODES.indexOf(mode) <= MODES.indexOf(before);
}

export function areAtLeastBands(bands: Partial<Bands>, before: Partial<Bands>): boolean {
  return BANDS.every((band) => before[band] === undefined || (bands[band] ?? -1) >= before[band]);
}

type Preference = Extract<ControlChange, { readonly kind: 'preference' }>;

export function isSaferPreference(before: Preference, { mode, bands = {} }: Preference): boolean {
  const lessMode = before.mode === undefined || (mode !== undefined && isAtMostMode(mode, before.mode));
  return lessMode && areAtLeastBands(bands, before.bands ?? {});
}

type Override = Extract<ControlChange, { readonly kind: 'override' }>['override'];

export function isMoreRestrictive(before: Override, { flag, force, until }: Override): boolean {
  return force === 'off' && flag === before.flag && (before.force === 'on' || until >= before.until);
}
