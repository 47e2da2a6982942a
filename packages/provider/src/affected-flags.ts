import type { FlagSnapshot } from '@rampart/core';

/**
 * The flags whose evaluation may differ after some definitions changed, sorted: the flags themselves; for a feature its changes and
 * the flags behind its gates; for a change its feature. Reads both snapshots, so that removed and moved flags are included.
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
