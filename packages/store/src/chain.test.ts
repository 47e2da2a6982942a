import { describe, expect, test } from 'vitest';
import { readSettings } from './address.js';
import { chainOf } from './chain.js';

const SECRET = 'a secret of thirty-two characters';
const settings = (secret: string) => readSettings({ database: { folder: './data' }, secret });

test.each(['\n', '\r\n', '\n\n'])('a secret that ends in %j is the secret without it', (end) => {
  expect(settings(`${SECRET}${end}`).secret).toBe(SECRET);
  expect(() => settings(`${'x'.repeat(31)}${end}`)).toThrow(/secret = "31 characters": use at least 32/);
});

describe('a log that an older version began', () => {
  test.each([
    ['with the line break of the secret', `${SECRET}\n`, SECRET],
    ['with the line break of the secret, from Windows', `${SECRET}\r\n`, SECRET],
    ['from the command line, which cut spaces off', SECRET, `${SECRET} `],
  ])('%s is opened, and goes on with the same keys', (_, older, current) => {
    const before = chainOf(older);
    const chain = chainOf(current);
    const row = { position: 1, id: 'i', kind: 'kill', subject: '', recorded_at: 1, what: 'w', who: 'o' };
    expect(chain.mac('', row)).not.toBe(before.mac('', row));
    expect(chain.accepts(before.keyCheck())).toBe(true);
    expect(chain.mac('', row)).toBe(before.mac('', row));
    expect(before.isSigned(chain.sign({ epoch: 'e', position: 1, mac: 'm', at: 1 }))).toBe(true);
  });

  test('with another secret is refused', () => {
    const chain = chainOf(SECRET);
    expect(chain.accepts(chainOf('another secret, of 32 characters').keyCheck())).toBe(false);
    expect(chain.keyCheck()).toBe(chainOf(SECRET).keyCheck());
  });
});
