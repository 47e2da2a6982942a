import { expect, it } from 'vitest';
import { type Replies, type Reply, replyTo, type Step, withStep } from './replies.js';

const write = (text: string): Step => ({ kind: 'write', text });
const insert: Step = { kind: 'insert', text: 'a draft' };
const itself: Step = { kind: 'send_by_itself', text: 'a draft' };
const undo: Step = { kind: 'undo' };
const mine: Reply = { kind: 'open', draft: 'mine', taken: true };
const automatic: Reply = { kind: 'sent', text: 'a draft', automatic: true };

it.each<[string, Step[], Reply]>([
  ['goes out by itself where nobody has touched it', [itself], automatic],
  ['goes out by itself once', [itself, { ...itself, text: 'another' }], automatic],
  ['not after an undo', [itself, undo, itself], { kind: 'open', draft: '', taken: true }],
  ['not over what somebody writes', [write('mine'), itself], mine],
  ['nor when they have deleted it', [write('mine'), write(''), itself], { kind: 'open', draft: '', taken: true }],
  ['nor over an inserted draft', [insert, itself], { kind: 'open', draft: 'a draft', taken: true }],
  ['an insertion keeps what is there', [write('mine'), insert], { ...mine, draft: 'mine\n\na draft' }],
  ['and is not made twice', [insert, insert], { kind: 'open', draft: 'a draft', taken: true }],
  ['a person sends', [itself, undo, { kind: 'send', text: 'x' }], { kind: 'sent', text: 'x', automatic: false }],
])('%s', (_what, steps, reply) => {
  const before: Replies = { invoice: mine };
  const replies = steps.reduce((all, step) => withStep(all, ['password', step]), before);
  expect(replyTo(replies, 'password')).toEqual(reply);
  expect(replyTo(replies, 'invoice')).toBe(mine);
});
