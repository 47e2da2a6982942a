import type { ConsentModel, StoredModel } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import type { Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import { classesOf } from './classes.js';

/** A write of a consent class, as far as the check needs it. */
export interface ClassWrite {
  readonly featureClass: string;
  /** The write is an opt-out: it is recorded also while the flags are not loaded. */
  readonly isOptOut: boolean;
  /** Whether the tenant has a record of the class: then it may be changed after the feature is gone. */
  readonly hasRecord: (control: DurableControl) => Promise<boolean>;
}

/** The stored consent models, by class. */
export async function storedModels({ store }: DurableControl): Promise<ReadonlyMap<string, ConsentModel>> {
  const models = await store.items({ kind: 'model' });
  return new Map(
    models.flatMap(({ change }) =>
      change.kind === 'model' ? [[change.featureClass, modelOf(change.model)] as const] : [],
    ),
  );
}

// A stored model that can't be read closes its class: to a tenant that is the strictest model.
function modelOf(stored: StoredModel): ConsentModel {
  return stored === 'unknown' ? 'opt_in' : stored;
}

/**
 * Checks that a feature flag or a stored model declares the class: a misspelt one would change nothing.
 *
 * @throws Refusal 400 for a class that is not declared; 503 while no flags are loaded, except for opt-outs
 */
export async function requireDeclaredClass(
  { rampart: { flags } }: Gateway,
  control: DurableControl,
  { featureClass, isOptOut, hasRecord }: ClassWrite,
): Promise<void> {
  if (classesOf(flags.snapshot(), new Map()).has(featureClass)) return;
  if ((await storedModels(control)).has(featureClass) || (await hasRecord(control))) return;
  if (flags.origin() !== 'none')
    throw new Refusal(
      400,
      'unknown_class',
      'featureClass: no feature flag and no stored model has this class; check its name',
      {
        details: { field: 'featureClass' },
      },
    );
  if (!isOptOut)
    throw new Refusal(503, 'no_flags', 'no flags are loaded yet, so the class can not be checked: try again', {
      retryAfter: 5,
    });
}
