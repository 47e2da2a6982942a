import { type ControlChange, type DurableControl, OutcomeUnknownError, StoreError } from '@rampart/sdk';
import { expect, it, vi } from 'vitest';
import { applyTwice } from './repeat-write.js';

it('repeats a write whose commit got no answer, with the id of the error', async () => {
  const apply = vi.fn<DurableControl['apply']>();
  const applied = { epoch: 'e', position: 1, revision: 'e.1', id: 'entry' };
  apply.mockRejectedValueOnce(new OutcomeUnknownError('entry', new StoreError('outcome_unknown', 'cut')));
  apply.mockResolvedValueOnce(applied);
  const change: ControlChange = { kind: 'revive', id: 'kill-1' };
  const write = { actor: 'ann', reason: 'fixed' };
  expect(await applyTwice({ apply } as unknown as DurableControl, change, write)).toEqual(applied);
  expect(apply.mock.calls).toEqual([
    [change, write],
    [change, { ...write, id: 'entry' }],
  ]);
});
