import type { ConsentModel, FlagSnapshot } from '@rampart/core';

/** What the features of a consent class ask for. */
export interface ClassNeeds {
  /** The strictest of its features and what is stored for the class. */
  readonly model: ConsentModel;
  /** The highest that any of its features or changes asks for. */
  readonly neededVersion: number | undefined;
}

const STRICTNESS: readonly ConsentModel[] = ['not_required', 'opt_out', 'opt_in'];

/** The classes that there are features of. */
export function classesOf(
  snapshot: FlagSnapshot,
  stored: ReadonlyMap<string, ConsentModel>,
): ReadonlyMap<string, ClassNeeds> {
  const classes = new Map<string, ClassNeeds>();
  for (const name of snapshot.names()) {
    const flag = snapshot.flag(name);
    if (flag?.kind !== 'feature' || flag.access === undefined) continue;
    const { featureClass, consent, consentVersion } = flag.access;
    const versions = snapshot.changesOf(name).flatMap(({ rules }) => rules.map(({ policy }) => policy.consentVersion));
    const known = classes.get(featureClass);
    const model = [consent, stored.get(featureClass), known?.model].reduce<ConsentModel>(
      (strictest, other) =>
        other !== undefined && STRICTNESS.indexOf(other) > STRICTNESS.indexOf(strictest) ? other : strictest,
      'not_required',
    );
    const needed = [consentVersion, known?.neededVersion, ...versions].filter((version) => version !== undefined);
    classes.set(featureClass, { model, neededVersion: needed.length > 0 ? Math.max(...needed) : undefined });
  }
  return classes;
}
