import type { FlagSnapshot } from '@rampart/core';

/**
 * Names every flag whose answer may differ after some definitions changed: the flags themselves; of a feature its changes
 * and the flags it gates; of a change its feature, which answers with it. Both snapshots count, so that what was removed
 * or moved is followed too.
 */
export function affectedFlags(changed: readonly string[], before: FlagSnapshot, after: FlagSnapshot): string[] {
  const affected = new Set(changed);
  const features = new Set<string>();
  for (const snapshot of [before, after]) {
    for (const name of changed) {
      const flag = snapshot.flag(name);
      if (flag?.kind === 'change' && flag.feature !== undefined) affected.add(flag.feature);
      if (flag?.kind === 'feature') features.add(name);
    }
  }
  if (features.size > 0) for (const snapshot of [before, after]) addChildren(features, snapshot, affected);
  return [...affected].sort();
}

function addChildren(features: ReadonlySet<string>, snapshot: FlagSnapshot, affected: Set<string>): void {
  for (const name of snapshot.names()) {
    const flag = snapshot.flag(name);
    if (flag === undefined || flag.kind === 'plain' || flag.kind === 'feature') continue;
    if (flag.feature !== undefined && features.has(flag.feature)) affected.add(name);
  }
}
