import { expect, test } from 'vitest';
import { secretText } from './secret.js';

test.each([
  ['abc', 'abc'],
  ['abc\n', 'abc'],
  ['abc\r\n', 'abc'],
  ['abc\n\n', 'abc'],
  [' abc ', ' abc '],
  ['a\nb', 'a\nb'],
  ['\n', ''],
])('the secret %j counts as %j', (text, secret) => {
  expect(secretText(text)).toBe(secret);
});
