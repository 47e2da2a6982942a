import { ControlInputError, type Decision, NO_DECISION, readSubject, type Subject } from '@rampart/core';
import type { AiAnswer, Measurement } from '@rampart/sdk';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ExposureLog } from './exposures.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const given = {
  ...NO_DECISION,
  enabled: true,
  feature: 'ai.f',
  change: 'ai.f.c',
  variant: 'v',
  mode: 'suggestion',
} as const;
const ada = readSubject({ targetingKey: 'ada', tenantId: '7', labels: ['eu'] });

function newLog(options: { readonly most?: number } = {}) {
  const recorded: Measurement[] = [];
  const recordEvents = vi.fn(async (events: readonly Measurement[]) => {
    recorded.push(...events);
    return { recorded: events.length, duplicates: 0 };
  });
  const warn = vi.fn();
  const control = { ready: async () => {}, store: { recordEvents } as never };
  return { recorded, recordEvents, warn, log: new ExposureLog({ control, log: { warn }, ...options }) };
}

const listed = (decision: Decision, subject: Subject): AiAnswer => ({
  ...{ kind: 'ai', flagKind: 'feature', name: 'ai.f', payload: undefined, reason: 'TARGETING_MATCH' },
  ...{ decision, subject },
});

/** Lets time pass for what compares moments; timers go on as they do. */
function passing(): (milliseconds: number) => Promise<void> {
  let passed = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passed);
  return async (milliseconds) => {
    passed += milliseconds;
    // The cache reads its clock once a millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
}

describe('the exposure log', () => {
  test('records who was given what, with the labels it was decided from', async () => {
    const { log, recorded } = newLog();
    log.note(given, ada);
    await log.close();
    expect(recorded).toEqual([
      {
        ...{ id: expect.any(String), name: 'exposure', at: expect.any(Number), tenant: '7', user: 'ada' },
        ...{ flag: 'ai.f', change: 'ai.f.c', variant: 'v', source: 'gateway' },
        attributes: { labels: ['eu'], mode: 'suggestion' },
      },
    ]);
  });

  test('leaves out what was not given, and the user where there is no tenant', async () => {
    const { log, recorded } = newLog();
    log.note(NO_DECISION, ada);
    log.note({ ...given, enabled: false }, ada);
    log.note(given, readSubject({ targetingKey: 'ada' }));
    await log.close();
    expect(recorded).toHaveLength(1);
    expect(recorded[0]).not.toHaveProperty('user');
  });

  test('records what a list gave once, however often it is fetched, and again for other labels, variants and users', async () => {
    const { log, recorded } = newLog();
    const list = (...answers: AiAnswer[]): void =>
      log.noteList({ digest: undefined, answers, isGiven: (flag) => flag === 'ai.f' });
    list(listed(given, ada));
    list(
      listed(given, ada),
      { ...listed(given, ada), flagKind: 'change' },
      { ...listed(given, ada), name: 'ai.hidden' },
    );
    list(listed({ ...given, enabled: false }, readSubject({ targetingKey: 'bo', tenantId: '7' })));
    list(listed(given, readSubject({ targetingKey: 'ada', tenantId: '7', labels: ['eu', 'hipaa'] })));
    list(listed({ ...given, variant: 'w' }, ada));
    list(listed(given, readSubject({ targetingKey: 'bo', tenantId: '7' })));
    await log.close();
    expect(recorded.map(({ user, variant, attributes }) => [user, variant, attributes?.['labels']])).toEqual([
      ['ada', 'v', ['eu']],
      ['ada', 'v', ['eu', 'hipaa']],
      ['ada', 'w', ['eu']],
      ['bo', 'v', undefined],
    ]);
    expect(recorded.every(({ attributes }) => attributes?.['list'] === true)).toBe(true);
  });

  test('asks for a list that still stands as soon as any of it is to be noted again, and no sooner', async () => {
    const { log, recorded } = newLog();
    const pass = passing();
    const isGiven = () => true;
    expect(log.isDue('standing')).toBe(true);
    log.noteList({ digest: 'other', answers: [listed(given, ada)], isGiven });
    await pass(40_000);
    const answers = [listed(given, ada), listed({ ...given, change: 'ai.f.d' }, ada)];
    log.noteList({ digest: 'standing', answers, isGiven });
    await pass(19_000);
    expect([log.isDue('standing'), log.isDue('other')]).toEqual([false, false]);
    await pass(1_100);
    expect([log.isDue('standing'), log.isDue('other')]).toEqual([true, true]);
    log.noteList({ digest: 'standing', answers, isGiven });
    expect(log.isDue('standing')).toBe(false);
    await log.close();
    expect(recorded.map(({ change }) => change)).toEqual(['ai.f.c', 'ai.f.d', 'ai.f.c']);
  });

  test('asks once a minute for a list that gave nothing', async () => {
    const { log } = newLog();
    const pass = passing();
    log.noteList({ digest: 'closed', answers: [], isGiven: () => true });
    await pass(59_000);
    expect(log.isDue('closed')).toBe(false);
    await pass(1_100);
    expect(log.isDue('closed')).toBe(true);
  });

  test('keeps what could not be recorded and sends it again under the same ids, saying so once', async () => {
    const { log, recorded, recordEvents, warn } = newLog();
    recordEvents.mockRejectedValueOnce(new Error('away')).mockRejectedValueOnce(new Error('away'));
    log.note(given, ada);
    await log.flush();
    const [[first]] = recordEvents.mock.calls as [[Measurement[]]];
    await log.flush();
    expect(recorded).toEqual([]);
    await log.close();
    expect(recorded).toEqual(first);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test('holds no more than it may, and counts what is lost', async () => {
    const { log, recorded, recordEvents, warn } = newLog({ most: 3 });
    recordEvents.mockRejectedValueOnce(new Error('away'));
    for (let count = 0; count < 5; count++) log.note(given, ada);
    await log.flush();
    await log.close();
    expect(recorded).toHaveLength(3);
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^2 exposures were lost/));
  });

  const nobody = { tenant: '7', user: undefined, labels: ['eu'] };
  const homeless = { tenant: undefined, user: undefined, labels: ['eu'] };
  const unlabelled = { tenant: '7', user: 'bo', labels: undefined };

  test.each<[string, object, string, object]>([
    ['a space at the end', { targetingKey: 'ada@x.com ' }, 'user: take away the space at its start or end', nobody],
    ['too long a user', { targetingKey: 'x'.repeat(256) }, 'user: use at most 255 characters', nobody],
    ['a line break', { targetingKey: 'ada@x.com\nx' }, 'user: take away the control characters', nobody],
    [
      'too long a tenant',
      { targetingKey: 'ada@x.com', tenantId: 't'.repeat(256) },
      'tenant: use at most 255',
      homeless,
    ],
    ['too many labels', { labels: ['ada', 'x'.repeat(8_000)] }, 'labels: use at most 7500', unlabelled],
    ['a label with a NUL', { labels: ['ada@x.com\0'] }, 'labels: send a list of texts of letters', unlabelled],
    ['half a character', { labels: ['ada@x.com\ud800'] }, 'labels: send a list of texts of letters', unlabelled],
    ['labels that can not be read', { labels: '{ada@x.com}' }, 'labels: send a list of texts of letters', unlabelled],
  ])('records without it what nobody can store: %s', async (_what, facts, said, kept) => {
    const { log, recorded, warn } = newLog();
    log.note(given, readSubject({ targetingKey: 'bo', tenantId: '7', labels: ['eu'], ...facts }));
    await log.close();
    const [{ tenant, user, attributes, ...rest } = {} as Measurement] = recorded;
    expect({ tenant, user, labels: attributes?.['labels'] }).toEqual(kept);
    expect(rest).toMatchObject({ flag: 'ai.f', change: 'ai.f.c', variant: 'v' });
    expect(attributes).toMatchObject({ mode: 'suggestion' });
    expect(warn).toHaveBeenCalledTimes(1);
    const [[line]] = warn.mock.calls as [[string]];
    expect(line).toContain(`1 exposures are kept without ${said}`);
    expect(line).not.toContain('ada@x.com');
  });

  test('loses alone what the store takes in no way, counts it, and repeats nothing of it', async () => {
    const { log, recorded, recordEvents, warn } = newLog();
    const take = recordEvents.getMockImplementation();
    recordEvents.mockImplementation(async (events) => {
      const at = events.findIndex(({ user }) => user === 'cy');
      if (at >= 0) throw new ControlInputError(`events.${at}.user`, 'cy', 'is not liked');
      return take?.(events) as never;
    });
    for (let count = 0; count < 700; count++) {
      log.note(given, count % 100 === 7 ? readSubject({ targetingKey: 'cy', tenantId: '7' }) : ada);
    }
    await log.close();
    expect(recorded).toHaveLength(693);
    expect(new Set(recorded.map(({ id }) => id)).size).toBe(693);
    expect(warn.mock.calls).toEqual([['7 exposures were lost: user: is not liked']]);
  });

  test('counts once what was refused before the database went away', async () => {
    const { log, recorded, recordEvents, warn } = newLog();
    const refusal = new ControlInputError('events.0.user', 'ada', 'is not liked');
    recordEvents.mockRejectedValueOnce(refusal).mockRejectedValueOnce(refusal).mockRejectedValueOnce(new Error('away'));
    recordEvents.mockRejectedValueOnce(refusal).mockRejectedValueOnce(refusal);
    log.note(given, ada);
    log.note(given, ada);
    await log.flush();
    await log.flush();
    expect(recorded).toHaveLength(1);
    await log.close();
    expect(warn.mock.calls.map(([line]) => line)).toEqual([
      "exposures can't be recorded: away",
      '1 exposures were lost: user: is not liked',
    ]);
  });

  test('says the same once a minute, with how many there were', async () => {
    vi.useFakeTimers();
    const { log, warn } = newLog();
    const unstorable = readSubject({ targetingKey: 'ada ', tenantId: '7' });
    for (let count = 0; count < 90; count++) {
      log.note(given, unstorable);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    await log.close();
    const said = warn.mock.calls.map(([line]) => Number.parseInt(line as string, 10));
    expect(said).toHaveLength(3);
    expect(said[0]).toBe(1);
    expect(said.reduce((sum, count) => sum + count)).toBe(90);
  });

  test('sends what is noted while a batch is under way, in batches', async () => {
    const { log, recorded, recordEvents } = newLog();
    for (let count = 0; count < 1_200; count++) log.note(given, ada);
    await log.close();
    expect(recorded).toHaveLength(1_200);
    expect(Math.max(...recordEvents.mock.calls.map(([events]) => events.length))).toBe(500);
    expect(new Set(recorded.map(({ id }) => id)).size).toBe(1_200);
  });
});
