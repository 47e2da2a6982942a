import { describe, expect, test } from 'vitest';
import { readSettings } from '../database/settings.js';
import { createChain } from './chain.js';
import { createChains } from './chains.js';

const SECRET = 'a secret of thirty-two characters';
const settings = (secret: string) => readSettings({ database: { folder: './data' }, secret });

test.each(['\n', '\r\n', '\n\n'])('a secret that ends in %j is the secret without it', (end) => {
  expect(settings(`${SECRET}${end}`).secret).toBe(SECRET);
  expect(() => settings(`${'x'.repeat(31)}${end}`)).toThrow(/secret = "31 characters": use at least 32/);
});

const chainsFor = (secret: string, acceptedSecrets: readonly string[] = []) =>
  createChains(readSettings({ database: { folder: './data' }, secret, acceptedSecrets }));
const OTHER = 'another secret, of 32 characters';

describe('a log that an older version began', () => {
  test.each([
    ['with the line break of the secret', `${SECRET}\n`, SECRET],
    ['with the line break of the secret, from Windows', `${SECRET}\r\n`, SECRET],
    ['from the command line, which cut spaces off', SECRET, `${SECRET} `],
  ])('%s is opened, and goes on with the same keys', (_, older, current) => {
    const before = createChain(older);
    for (const chains of [chainsFor(current), chainsFor(OTHER, [current])]) {
      const chain = chains.require(before.keyCheck());
      const row = { position: 1, id: 'i', kind: 'kill', subject: '', recorded_at: 1, what: 'w', who: 'o' };
      expect(createChain(current).mac('', row)).not.toBe(before.mac('', row));
      expect(chain.mac('', row)).toBe(before.mac('', row));
      expect(chains.isSigned(before.sign({ epoch: 'e', position: 1, mac: 'm', at: 1 }))).toBe(true);
      expect(before.isSigned(chain.sign({ epoch: 'e', position: 1, mac: 'm', at: 1 }))).toBe(true);
    }
    expect(chainsFor(current).isOwn(before.keyCheck())).toBe(true);
    expect(chainsFor(OTHER, [current]).isOwn(before.keyCheck())).toBe(false);
  });

  test('with another secret is refused, and the error names the setting and no secret', () => {
    const check = createChain(OTHER).keyCheck();
    expect(() => chainsFor(SECRET).require(check)).toThrow(/another secret.*RAMPART_SECRET.*RAMPART_ACCEPTED_SECRETS/);
    expect(() => chainsFor(SECRET).require(check)).not.toThrow(SECRET);
    expect(chainsFor(SECRET, [OTHER]).find(check)?.keyCheck()).toBe(check);
  });
});

test.each([
  [{ acceptedSecrets: ['short'] }, /acceptedSecrets\[0\] = "5 characters": use at least 32/],
  [{ acceptedSecrets: OTHER as never }, /acceptedSecrets = "string": pass a list/],
])('%j is refused', (options, message) => {
  expect(() => readSettings({ database: { folder: './data' }, secret: SECRET, ...options })).toThrow(message);
});

test('an accepted secret is read by the same rule', () => {
  expect(chainsFor(SECRET, [`${OTHER}\n`]).find(createChain(OTHER).keyCheck())).toBeDefined();
});
