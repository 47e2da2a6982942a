import { type ControlView, type Decision, EMPTY_SHARED, EMPTY_TENANT } from '@rampart/core';
import { expect, test } from 'vitest';
import { FEATURE_CLASS } from './protocol.js';
import { replyOf } from './reply.js';

const view = (state: 'opt_in' | 'opt_out', killed = false): ControlView => ({
  ...EMPTY_SHARED,
  revision: 'r.7',
  kills: killed ? [{ id: 'chaos', scope: { all: true }, reason: '6' }] : [],
  tenant: { ...EMPTY_TENANT, consents: new Map([[FEATURE_CLASS, { state, version: 5 }]]) },
});
const decision = (enabled: boolean, consent: string | undefined): Partial<Decision> => ({
  enabled,
  gate: enabled ? 'open' : 'consent',
  detail: undefined,
  revisions: { flag: 'f', consent, policy: undefined },
});

test.each<[string, Partial<Decision>, ControlView | undefined, object]>([
  ['open by consent', decision(true, 'r.7'), view('opt_in'), { sights: sights('opt_in 5', 'nothing') }],
  ['closed by its withdrawal', decision(false, 'r.7'), view('opt_out'), { sights: sights('opt_out 5', 'nothing') }],
  ['closed by a kill', decision(false, 'r.7'), view('opt_in', true), { sights: sights('opt_in 5', 'kill 6') }],
  ['closed knowing nothing', decision(false, undefined), undefined, {}],
  ['no decision at all', {}, undefined, {}],
  [
    'open knowing nothing',
    decision(true, undefined),
    undefined,
    { problem: expect.stringContaining('knowing nothing') },
  ],
  [
    'open after its withdrawal',
    decision(true, 'r.7'),
    view('opt_out'),
    { problem: expect.stringContaining('open by') },
  ],
  [
    'open in spite of a kill',
    decision(true, 'r.7'),
    view('opt_in', true),
    { problem: expect.stringContaining('kill 6') },
  ],
  [
    'closed in spite of consent',
    decision(false, 'r.7'),
    view('opt_in'),
    { problem: expect.stringContaining('closed') },
  ],
  ['of a state it was never given', decision(false, 'r.7'), undefined, { problem: expect.stringContaining('r.7') }],
])('an answer %s', (_what, given, seen, expected) => {
  expect(replyOf(given, 'acme', () => seen)).toMatchObject(expected);
  if (!('problem' in expected)) expect(replyOf(given, 'acme', () => seen)).toEqual(expected);
});

function sights(tenant: string, kill: string) {
  return [
    { subject: 'acme', appearance: tenant },
    { subject: 'kill', appearance: kill },
  ];
}
