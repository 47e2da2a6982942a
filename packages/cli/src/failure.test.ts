import { OutcomeUnknownError, ReusedIdError, StoreError } from '@rampart/sdk';
import { expect, test } from 'vitest';
import { EXIT, exitCodeOf, messageOf } from './failure.js';

test('a commit without an answer says how to repeat the command', () => {
  const cause = new StoreError('outcome_unknown', 'db: no answer; repeat the same write with the same id: once');
  const error = new OutcomeUnknownError('entry-1', cause);
  expect(messageOf(error)).toBe('db: no answer; repeat the same command with --entry-id "entry-1": once');
  expect(exitCodeOf(error)).toBe(EXIT.failed);
});

test('an id of another write is refused without a stack', () => {
  const error = new ReusedIdError({ id: 'entry-1', position: 7, epoch: 'e', revision: 'e.7' });
  expect(messageOf(error)).toContain('id "entry-1" was used for another write, recorded as e.7');
  expect(exitCodeOf(error)).toBe(EXIT.findings);
});
