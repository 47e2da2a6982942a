import { describe, expect, test } from 'vitest';
import { type Answer, type Change, type History, KILL, NOTHING, type Question, type Sight } from './history.js';
import { judge, propagation, recoveredAfter } from './judge.js';

const PROMISE = { maxStaleness: 1_000 };

const change = (subject: string, appearance: string, requestedAt: number, acknowledgedAt?: number): Change => ({
  subject,
  appearance,
  requestedAt,
  acknowledgedAt,
  revision: acknowledgedAt === undefined ? undefined : `r.${acknowledgedAt}`,
});

const first = change('acme', 'opt_in 1', 100, 110);
const second = change('acme', 'opt_out 2', 200, 210);
const third = change('acme', 'opt_in 3', 2_000, 2_010);

let ids = 0;
function answer(
  askedAt: number,
  appearance: string | undefined,
  more: Partial<Question> & { readonly problem?: string; readonly after?: number } = {},
): Answer {
  const { problem, after = 1, ...stated } = more;
  const question: Question = { id: (ids += 1), reader: 0, tenant: 'acme', how: 'wait', askedAt, ...stated };
  const sights: readonly Sight[] | undefined = appearance === undefined ? undefined : [{ subject: 'acme', appearance }];
  return { question, answeredAt: askedAt + after, sights, problem };
}

const history = (changes: readonly Change[], answers: readonly Answer[]): History => ({
  changes,
  answers,
  unanswered: [],
});
const kindsOf = (changes: readonly Change[], answers: readonly Answer[]) =>
  judge(history(changes, answers), PROMISE).findings.map(({ kind }) => kind);

describe('an answer', () => {
  test.each<[string, Answer, readonly string[]]>([
    ['of the last state', answer(5_000, 'opt_in 3'), []],
    ['of the state before any change, before it', answer(50, NOTHING), []],
    ['of a state that was replaced just so long ago', answer(1_210, 'opt_in 1'), []],
    ['of a state that was replaced longer ago', answer(1_211, 'opt_in 1'), ['stale']],
    ['of no state, long after there was one', answer(1_111, NOTHING), ['stale']],
    ['asked in time, and given late from the old state', answer(1_200, 'opt_in 1', { after: 60_000 }), []],
    ['of a change that was requested before the answer', answer(195, 'opt_out 2', { after: 6 }), []],
    ['of a change that was requested after the answer', answer(195, 'opt_out 2', { after: 4 }), ['impossible']],
    ['of a state that nobody wrote', answer(5_000, 'opt_in 99'), ['impossible']],
    ['of nothing', answer(5_000, undefined), []],
    ['that contradicts itself', answer(5_000, 'opt_in 3', { problem: 'open' }), ['incoherent']],
    ['as fresh as asked for', answer(300, 'opt_out 2', { atLeast: second }), []],
    ['fresher than asked for', answer(2_300, 'opt_in 3', { atLeast: second }), []],
    ['older than asked for', answer(300, 'opt_in 1', { atLeast: second }), ['behind']],
    ['unknown where a revision was asked for', answer(300, undefined, { atLeast: second }), []],
  ])('%s', (_what, given, expected) => {
    expect(kindsOf([first, second, third], [given])).toEqual(expected);
  });

  test('of a state whose replacement was never acknowledged is fresh', () => {
    expect(kindsOf([first, change('acme', 'opt_out 2', 200)], [answer(9_000, 'opt_in 1')])).toEqual([]);
    expect(kindsOf([first, change('acme', 'opt_out 2', 200)], [answer(9_000, 'opt_out 2')])).toEqual([]);
  });

  test('of another tenant by its state is impossible', () => {
    const other = change('other', 'opt_in 4', 300, 310);
    expect(kindsOf([first, other], [answer(500, 'opt_in 4')])).toEqual(['impossible']);
  });

  test('counts for the last of several states that look the same', () => {
    const kills = [change(KILL, 'kill 1', 100, 110), change(KILL, NOTHING, 200, 210), change(KILL, 'kill 2', 300, 310)];
    const seen = (askedAt: number): Answer => ({
      ...answer(askedAt, undefined),
      sights: [{ subject: KILL, appearance: NOTHING }],
    });
    expect(kindsOf(kills, [seen(50), seen(1_310)])).toEqual([]);
    expect(kindsOf(kills, [seen(1_311)])).toEqual(['stale']);
  });

  test('is one of several sights, each judged', () => {
    const both = { ...answer(5_000, 'opt_in 3'), sights: [{ subject: 'acme', appearance: 'opt_in 1' }, ...EMPTY_KILL] };
    expect(kindsOf([first, second], [both])).toEqual(['stale']);
  });
});

const EMPTY_KILL: readonly Sight[] = [{ subject: KILL, appearance: NOTHING }];

describe('a verdict', () => {
  test('names reader, question and how old the state was', () => {
    const { findings, oldest } = judge(
      history([first, second], [answer(1_500, 'opt_in 1', { id: 7, reader: 3 })]),
      PROMISE,
    );
    expect(findings).toEqual([
      {
        kind: 'stale',
        reader: 3,
        text: 'question 7 of acme (wait) at 1500 ms: acme as opt_in 1, replaced 1290 ms before',
      },
    ]);
    expect(oldest).toBe(1_290);
  });

  test('counts what was unknown, and the longest stretch of it in one reader', () => {
    const answers = [
      ...[0, 100, 200, 300].map((at) => answer(at, at === 0 ? 'opt_in 1' : undefined)),
      answer(450, 'opt_in 1'),
      answer(500, undefined, { reader: 1 }),
      answer(900, undefined, { reader: 1 }),
    ];
    const { questions, unknown, longestUnknown, unanswered } = judge(
      { changes: [change('acme', 'opt_in 1', -100, -50)], answers, unanswered: [answer(950, undefined).question] },
      PROMISE,
    );
    expect({ questions, unknown, longestUnknown, unanswered }).toEqual({
      questions: 8,
      unknown: 5,
      longestUnknown: 400,
      unanswered: 1,
    });
  });
});

describe('recovery', () => {
  const changes = [first, second];

  test('is there when the last reader answers the newest state', () => {
    const answers = [answer(1_000, undefined), answer(1_100, 'opt_out 2'), answer(1_300, 'opt_out 2', { reader: 1 })];
    expect(recoveredAfter(history(changes, answers), 900, 2)).toBe(401);
  });

  test('is not there while a reader is silent, unknown, or behind', () => {
    const known = answer(1_100, 'opt_out 2');
    expect(recoveredAfter(history(changes, [known]), 900, 2)).toBeUndefined();
    expect(recoveredAfter(history(changes, [answer(1_100, 'opt_in 1')]), 900, 1)).toBeUndefined();
    expect(recoveredAfter(history(changes, [known, answer(1_200, undefined)]), 900, 1)).toBeUndefined();
    expect(recoveredAfter(history(changes, [answer(899, 'opt_out 2')]), 900, 1)).toBeUndefined();
  });
});

test('propagation is measured from the request to the last reader, of changes that reached all of them', () => {
  const answers = [
    answer(205, 'opt_out 2', { after: 5 }),
    answer(240, 'opt_out 2', { after: 10, reader: 1 }),
    answer(900, 'opt_out 2', { reader: 1 }),
    answer(2_020, 'opt_in 3'),
  ];
  expect(propagation(history([first, second, third], answers), 2)).toEqual([50]);
});
