import type { FlagOrigin } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../gateway.js';
import { requireDeclaredClass } from './declared-class.js';

const gatewayWith = (origin: FlagOrigin): Gateway => {
  const feature = { kind: 'feature', access: { featureClass: 'copilot', consent: 'opt_in' } };
  const names = origin === 'none' ? [] : ['ai.copilot'];
  const snapshot = { names: () => names, flag: () => feature, changesOf: () => [] };
  return { rampart: { flags: { origin: () => origin, snapshot: () => snapshot } } } as unknown as Gateway;
};
const models = [{ change: { kind: 'model', featureClass: 'stored', model: 'opt_out' } }];
const control = { store: { items: async () => models } } as unknown as DurableControl;
const check = (origin: FlagOrigin, featureClass: string, isOptOut = false, isRecorded = false) =>
  requireDeclaredClass(gatewayWith(origin), control, { featureClass, isOptOut, hasRecord: async () => isRecorded });

describe('a consent class', () => {
  it('is accepted where a feature flag, a stored model or a record of the tenant has it', async () => {
    for (const origin of ['server', 'backup'] as const) await check(origin, 'copilot');
    for (const origin of ['server', 'none'] as const) await check(origin, 'stored');
    await check('server', 'retired', false, true);
  });

  it('is refused with 400 otherwise, also for an opt-out', async () => {
    for (const isOptOut of [true, false])
      await expect(check('server', 'copilott', isOptOut)).rejects.toMatchObject({
        statusCode: 400,
        details: { field: 'featureClass' },
      });
  });

  it('can not be checked before the first flags: opt-outs are recorded, everything else is refused with 503', async () => {
    await check('none', 'copilot', true);
    await expect(check('none', 'copilot')).rejects.toMatchObject({ statusCode: 503, retryAfter: 5 });
  });
});
