import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Scene } from './fault.js';
import type { Answer } from './history.js';
import { type Finding, judge, propagation, recoveredAfter } from './judge.js';
import type { Pace } from './pace.js';
import { until } from './until.js';

/** What came of one fault, or of the time before the faults. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly questions: number;
  readonly findings: readonly Finding[];
  readonly unknown: number;
  /** In ms. */
  readonly longestUnknown: number;
  /** By how much the state of any answer had been replaced when its question was asked, at most, in ms. */
  readonly oldest: number;
  /** From the end of the fault until every reader answered the newest state, in ms; undefined where there is no fault. */
  readonly recoveredAfter: number | undefined;
  /** How long changes took to the last reader, in ms, ascending; only where nothing was broken. */
  readonly propagation: readonly number[];
  /** What was expected and is not so. */
  readonly problems: readonly string[];
}

/** How long a recovery may take, in ms. */
const PATIENCE = 30_000;
/** How long nothing is unknown before it begins, in ms. */
const CALM = 500;
/** Shares of unknown answers: while all is well, and while something is broken that must not matter. */
const MOST_UNKNOWN = { healthy: 0.001, answers: 0.01 };

/** Waits until all readers answer the newest state, and nothing is unknown for a while. @throws Error when they don't */
export async function settled({ driver }: Scene): Promise<void> {
  driver.start();
  const isSettled = async (): Promise<boolean> => {
    const since = performance.now();
    await sleep(CALM);
    const history = driver.since(since);
    const isKnown = history.answers.every(({ sights }) => sights !== undefined);
    return isKnown && recoveredAfter(history, since, driver.readers) !== undefined;
  };
  if (!(await until(isSettled, PATIENCE))) throw new Error('the readers never answered the newest state');
  driver.forget();
}

/** Looks on while nothing is broken. */
export async function runHealthy({ driver }: Scene, pace: Pace): Promise<Row> {
  const since = performance.now();
  await sleep(pace.healthy);
  const history = driver.since(since);
  const verdict = judge({ ...history, unanswered: [] }, pace);
  return {
    id: 'healthy',
    name: 'nothing broken',
    ...verdict,
    recoveredAfter: undefined,
    propagation: propagation(history, driver.readers),
    problems: [],
  };
}

/** Breaks, mends, waits for the recovery, and judges every answer since the beginning. */
export async function runFault<S extends Scene>(scene: S, fault: Fault<S>, pace: Pace): Promise<Row> {
  const { driver } = scene;
  const brokenAt = performance.now();
  const mend = await fault.begin(scene, pace);
  await sleep(fault.lasts[pace.form]);
  const problems = [...(await mend())];
  const healedAt = performance.now();
  const recovery = (): number | undefined => recoveredAfter(driver.since(healedAt), healedAt, driver.readers);
  await until(() => recovery() !== undefined || driver.ended().length > 0, PATIENCE);
  await sleep(pace.after);
  // Whatever became unknown meanwhile has to be known again.
  await until(() => recovery() !== undefined || driver.ended().length > 0, PATIENCE);
  const recovered = recovery();
  await driver.pause();
  const history = driver.since(brokenAt);
  const verdict = judge(history, pace);
  if (recovered === undefined) problems.push(`not recovered within ${PATIENCE} ms`);
  if (verdict.unanswered > 0) problems.push(`${verdict.unanswered} questions were never answered`);
  problems.push(...driver.ended(), ...unexpected(fault, history.answers));
  driver.forget();
  driver.start();
  return { id: fault.id, name: fault.name, ...verdict, recoveredAfter: recovered, propagation: [], problems };
}

/** Whether so few questions were unknown as is promised while nothing is broken. */
export function healthProblems(rows: readonly Row[]): readonly string[] {
  const questions = rows.reduce((sum, row) => sum + row.questions, 0);
  const unknown = rows.reduce((sum, row) => sum + row.unknown, 0);
  return unknown > questions * MOST_UNKNOWN.healthy
    ? [`${unknown} of ${questions} unknown while nothing was broken`]
    : [];
}

function unexpected({ expects }: Fault<never>, answers: readonly Answer[]): readonly string[] {
  const unknown = answers.filter(({ sights }) => sights === undefined).length;
  if (expects === 'closes' && unknown === 0) return ['it did not bite: nothing was ever unknown'];
  if (expects === 'answers' && unknown > answers.length * MOST_UNKNOWN.answers)
    return [`${unknown} of ${answers.length} unknown, though nothing was broken that should matter`];
  return [];
}
