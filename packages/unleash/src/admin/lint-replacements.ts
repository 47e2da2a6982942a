import { type ChangeFlag, type FlagDefinition, type Problem, problem, replacedBy } from '@rampart/core';
import type { CompiledFlag } from './lint-ids.js';

/** Finds every `replaces` that names no other change of its feature, or that is part of a cycle. Neither closes a flag. */
export function replacementProblems(compiled: readonly CompiledFlag[]): readonly Problem[] {
  const definitions = compiled.map(({ definition }) => definition);
  const changes = compiled.map(({ flag }) => flag).filter((flag) => flag.kind === 'change');
  return changes.flatMap((change) => problemsOf(change, siblingsOf(change, changes, definitions), changes));
}

function problemsOf(
  change: ChangeFlag,
  siblings: ReadonlySet<string>,
  changes: readonly ChangeFlag[],
): readonly Problem[] {
  const related = changes.filter(({ feature }) => feature === change.feature);
  return [...change.replaces].flatMap((name) => {
    const fix = siblings.has(name) ? cycleFix(change, name, related) : noSiblingFix(change, name);
    return fix === undefined ? [] : [problem(change.name, 'aiStage.replaces', name, fix)];
  });
}

function noSiblingFix({ name, feature }: ChangeFlag, replaced: string): string {
  if (name === replaced) return 'a change cannot replace itself: name another change of the feature, or leave it empty';
  return `there is no such change of ${feature ?? 'its feature'}: write the full flag name of one, or leave it empty`;
}

function cycleFix(change: ChangeFlag, replaced: string, related: readonly ChangeFlag[]): string | undefined {
  const other = related.find(({ name }) => name === replaced);
  if (other === undefined || !replacedBy(other, related).has(change.name)) return undefined;
  return `${replaced} replaces this change too, directly or through others, so that neither counts: empty one of them`;
}

// In an environment where a flag has no rules yet, only its parent shows that it is a change.
function siblingsOf(
  { name, feature }: ChangeFlag,
  changes: readonly ChangeFlag[],
  definitions: readonly FlagDefinition[],
): ReadonlySet<string> {
  const withoutRules = definitions.filter(
    ({ strategies = [], dependencies = [] }) => strategies.length === 0 && dependencies[0]?.feature === feature,
  );
  const all = [...changes.filter((change) => change.feature === feature), ...withoutRules];
  return new Set(all.map((flag) => flag.name).filter((other) => feature !== undefined && other !== name));
}
