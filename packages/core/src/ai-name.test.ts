import { expect, it } from 'vitest';
import { aiNameKind } from './ai-name.js';

const gates = new Map([['mail', 'copilot']]);

it.each([
  ['ai.x', {}, 'ai'],
  ['ai.', {}, 'ai'],
  ['ai', {}, undefined],
  ['', {}, undefined],
  ['x.ai.', {}, undefined],
  ['ai.x', { prefix: '' }, undefined],
  ['ai.x', { prefix: 'skill.' }, undefined],
  ['skill.x', { prefix: 'skill.' }, 'ai'],
  ['mail', { gates }, 'gated'],
  ['copilot', { gates }, 'ai'],
  ['other', { gates }, undefined],
  ['__proto__', { gates }, undefined],
])('%j with %o is %s', (name, settings, kind) => {
  expect(aiNameKind(name, settings)).toBe(kind);
});
