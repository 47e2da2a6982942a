import { type Decision, NO_DECISION, readSubject, type Subject } from '@rampart/core';
import type { AiAnswer, Measurement } from '@rampart/sdk';
import { describe, expect, test, vi } from 'vitest';
import { ExposureLog } from './exposures.js';

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
    const listed = (decision: Decision, subject: Subject): AiAnswer => ({
      ...{
        kind: 'ai',
        flagKind: 'feature',
        name: 'ai.f',
        payload: undefined,
        reason: 'TARGETING_MATCH',
        decision,
        subject,
      },
    });
    const list = (...answers: AiAnswer[]): void => log.noteList(answers, (flag) => flag === 'ai.f');
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

  test('sends what is noted while a batch is under way, in batches', async () => {
    const { log, recorded, recordEvents } = newLog();
    for (let count = 0; count < 1_200; count++) log.note(given, ada);
    await log.close();
    expect(recorded).toHaveLength(1_200);
    expect(Math.max(...recordEvents.mock.calls.map(([events]) => events.length))).toBe(500);
    expect(new Set(recorded.map(({ id }) => id)).size).toBe(1_200);
  });
});
