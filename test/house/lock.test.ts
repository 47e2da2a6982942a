import { expect, it } from 'vitest';
import { read } from './files.js';

it('the lock file names no registry', () => {
  expect(read('package-lock.json').match(/"resolved": "[a-z+]+:/g)).toBeNull();
});
