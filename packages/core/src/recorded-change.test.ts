import { describe, expect, test } from 'vitest';
import { consentObstacle, optedOutOfAll } from './consent.js';
import { type ControlView, EMPTY_TENANT } from './control.js';
import { EMPTY_SHARED } from './control-state.js';
import { type Mode, minMode } from './modes.js';
import type { AccessPolicy, ConsentModel } from './parameters.js';
import { readRecordedChange } from './recorded-change.js';
import type { Subject } from './subject.js';

const MALFORMED = [
  '',
  'OPT-OUT',
  'Opt_In',
  'opt_in ',
  ' opt_out',
  'opt_in\0',
  'pending',
  0,
  true,
  null,
  {},
  ['opt_in'],
];
const NO_BANDS = { autoAbove: 1, confirmFrom: 1, reviewFrom: 1 };

describe('a recorded change with a malformed value', () => {
  test.each(MALFORMED)('reads the consent state %j as unknown', (state) => {
    const change = { kind: 'consent', tenant: '7', featureClass: 'Old Class', consent: { state } };
    expect(readRecordedChange(change)).toEqual({ ...change, consent: { state: 'unknown' } });
  });

  test.each([undefined, null, 'opt_in', []])('reads the consent %j as unknown', (consent) => {
    const change = { kind: 'consent', tenant: '7', featureClass: 'agent', consent };
    expect(readRecordedChange(change)).toMatchObject({ consent: { state: 'unknown' } });
  });

  test.each([-1, 1.5, '3', null])('reads a consent with the version %j as unknown', (version) => {
    const change = { kind: 'consent', tenant: '7', featureClass: 'agent', consent: { state: 'opt_in', version } };
    expect(readRecordedChange(change)).toMatchObject({ consent: { state: 'unknown' } });
  });

  test.each(MALFORMED)('reads the choice and the model %j as unknown', (value) => {
    const choice = { kind: 'choice', tenant: '7', user: 'ana', featureClass: '*', choice: value };
    expect(readRecordedChange(choice)).toEqual({ ...choice, choice: 'unknown' });
    const model = { kind: 'model', featureClass: 'agent', model: value };
    expect(readRecordedChange(model)).toEqual({ ...model, model: 'unknown' });
  });

  test('reads the other kinds as what opens least', () => {
    const read = (change: object) => readRecordedChange(change);
    expect(read({ kind: 'preference', tenant: '7', mode: 'Autonomous', bands: { autoAbove: '0.9' } })).toEqual({
      kind: 'preference',
      tenant: '7',
      mode: 'shadow',
      bands: NO_BANDS,
    });
    const override = { id: 'o1', flag: 'ai.x', force: 'ON', reason: 'r', until: 'tomorrow' };
    expect(read({ kind: 'override', tenant: '7', override })).toMatchObject({
      override: { force: 'off', until: 8.64e15 },
    });
    expect(read({ kind: 'kill', kill: { id: 'k1', scope: { featur: 'ai.x' }, reason: 'r' } })).toMatchObject({
      kill: { scope: { all: true } },
    });
    expect(read({ kind: 'cap', cap: { id: 'c1', scope: undefined, mode: '' } })).toMatchObject({
      cap: { scope: { all: true }, mode: 'shadow' },
    });
    expect(read({ kind: 'floor', floor: { id: 'f1', scope: { all: true }, bands: null } })).toMatchObject({
      floor: { bands: NO_BANDS },
    });
    expect(read({ kind: 'calibration', change: 'ai.x.v1', error: Number.NaN })).toMatchObject({ error: 1 });
  });

  test.each([undefined, null, 7, 'consent', {}, { kind: 'consent' }, { kind: 'kill' }, { kind: 'new' }])(
    '%j is no change',
    (value) => {
      expect(readRecordedChange(value)).toBeUndefined();
    },
  );
});

const subject = { tenantId: '7', userId: 'ana' } as Subject;
const view = (given: Partial<ControlView['tenant']>, models: ReadonlyMap<string, string> = new Map()) =>
  ({ ...EMPTY_SHARED, revision: '1', models, tenant: { ...EMPTY_TENANT, ...given } }) as unknown as ControlView;
const access = (consent: ConsentModel) =>
  ({ featureClass: 'agent', consent, userOptIn: new Set() }) as unknown as AccessPolicy;

describe.each(['opt_in', 'opt_out', 'not_required'] as const)('under the model %s', (model) => {
  const obstacle = (control: ControlView, given = false) =>
    consentObstacle(access(model), undefined, subject, control, given);

  test.each([...MALFORMED, 'unknown'])('the state %j closes as unknown, also once consent is given', (state) => {
    const control = view({ consents: new Map([['agent', { state: state as 'opt_in' }]]) });
    expect(obstacle(control)).toBe('unknown');
    expect(obstacle(control, true)).toBe('unknown');
  });

  test.each([...MALFORMED, 'unknown'])('the choice %j of a user closes as unknown', (choice) => {
    const users = (featureClass: string) =>
      view({
        consents: new Map([['agent', { state: 'opt_in' }]]),
        users: new Map([['ana', new Map([[featureClass, choice as 'opt_in']])]]),
      });
    expect(obstacle(users('agent'))).toBe('unknown');
    expect(optedOutOfAll(subject, users('*'))).toBe(true);
    expect(optedOutOfAll({ tenantId: '7' } as Subject, users('*'))).toBe(true);
    expect(consentObstacle(access(model), undefined, { tenantId: '7' } as Subject, users('agent'), false)).toBe(
      'no_user',
    );
  });

  test.each(['', 'OPT_IN', 'unknown'])('the stored model %j closes as unknown', (stored) => {
    const consents = new Map([['agent', { state: 'opt_in' as const }]]);
    expect(obstacle(view({ consents }, new Map([['agent', stored]])))).toBe('unknown');
  });
});

test.each(['', 'Autonomous', undefined])('the mode %j is the least of all', (mode) => {
  expect(minMode('autonomous', mode as Mode)).toBe('shadow');
  expect(minMode(mode as Mode, 'autonomous')).toBe('shadow');
});
