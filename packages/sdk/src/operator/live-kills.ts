import type { Kill } from '@rampart/core';
import type { ControlItem, ControlRecords } from '@rampart/store';
import { targetOf } from './order.js';

/** A kill that holds now. */
export interface LiveKill extends Kill {
  readonly revision: string;
  /** Undefined where it was erased. */
  readonly actor: string | undefined;
  /** When it was recorded, in ms since 1970, by the database's clock. */
  readonly at: number;
}

/** The kills that hold now, oldest first. */
export async function readKills(store: Pick<ControlRecords, 'items'>): Promise<readonly LiveKill[]> {
  return (await store.items({ kind: 'kill' })).flatMap(liveKill).toSorted((a, b) => a.at - b.at);
}

/** One kill, if it holds now. */
export async function readKill(store: ControlRecords, id: string): Promise<LiveKill | undefined> {
  return (await store.items({ kind: 'kill', id })).flatMap(liveKill).find((kill) => kill.id === id);
}

/** A kill that keeps a flag off in Unleash. */
export async function killCovering(store: ControlRecords, flag: string): Promise<string | undefined> {
  return (await readKills(store)).find(({ scope }) => {
    const target = targetOf(scope);
    return target !== undefined && ('every' in target || target.flag === flag);
  })?.id;
}

function liveKill({ change, revision, actor, at }: ControlItem): readonly LiveKill[] {
  return change.kind === 'kill' ? [{ ...change.kill, revision, actor, at }] : [];
}
