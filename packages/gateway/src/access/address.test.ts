import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOf, networkOf, trustOf } from './address.js';

describe('the address in an element of X-Forwarded-For', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:5678', '192.0.2.1'],
    ['"192.0.2.1:5678"', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['[192.0.2.1]:80', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['"[2001:db8::1]:4711"', '2001:db8::1'],
    ['2001:db8:0:0:0:0:0:1:4711', '2001:db8:0:0:0:0:0:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:443', '192.0.2.1'],
    ['::ffff:192.0.2.1:443', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['[fe80::1%25eth0]:443', 'fe80::1%25eth0'],
  ])('%s is %s', (element, address) => {
    expect(addressOf(element)).toBe(address);
  });

  test.each([
    undefined,
    '',
    ' ',
    'unknown',
    '_hidden',
    '_SEVKISEK:4711',
    ':5678',
    '[]:5678',
    '[2001:db8::1',
    '2001:db8::1]',
    '192.0.2',
    '192.0.2.256',
    '0x7f.1',
    '3221225985',
    '010.0.0.1',
    '192.0.2.1:port',
    '192.0.2.1:123456',
    'for=192.0.2.1',
    'localhost',
    'https://192.0.2.1/',
  ])('%s is none, and all of those share one limit', (element) => {
    expect(addressOf(element)).toBeUndefined();
    expect(networkOf(element)).toBe(networkOf('unknown'));
  });
});

describe('the network that a limit counts', () => {
  test('of an IPv4 address does not depend on the port or on the form', () => {
    const addresses = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 65_535 }));
    fc.assert(
      fc.property(addresses, ([ip, port]) => {
        for (const form of [`${ip}:${port}`, `"${ip}:${port}"`, ` ${ip}`, `::ffff:${ip}`, `[::ffff:${ip}]:${port}`])
          expect(networkOf(form)).toBe(ip);
      }),
    );
  });

  test('of an IPv6 address is its /64, however the address is written', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, fc.integer({ min: 0, max: 65_535 }), (parts, port) => {
        // IPv4-mapped addresses are IPv4 addresses.
        fc.pre(parts.slice(0, 4).some((part) => part !== 0));
        const long = parts.map((part) => part.toString(16).padStart(4, '0')).join(':');
        const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
        const first = parts.slice(0, 4).map((part) => part.toString(16));
        const network = `${first.join(':')}::/64`;
        for (const form of [long, short, long.toUpperCase(), `[${short}]:${port}`, `"[${short}]"`, `${short}%eth0`])
          expect(networkOf(form)).toBe(network);
      }),
    );
    expect(networkOf('2001:db8:0:0:1::')).toBe(networkOf('2001:db8::1'));
    expect(networkOf('2001:db8:0:1::')).not.toBe(networkOf('2001:db8::1'));
  });

  test('does not throw for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => networkOf(text) !== ''));
  });
});

describe('trusted proxies', () => {
  const isTrusted = trustOf(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']);
  test.each(['10.1.2.3', '10.1.2.3:4711', '"10.1.2.3"', '::ffff:10.1.2.3', '[2001:db8::7]:443', '192.0.2.7:1'])(
    '%s is one in this form too',
    (element) => {
      expect(isTrusted(element, 1)).toBe(true);
    },
  );
  test.each([undefined, '', 'unknown', '_10.1.2.3', '11.1.2.3', '[2001:db9::7]:443', '10.1.2.3:'])(
    '%s is none',
    (element) => {
      expect(isTrusted(element, 1)).toBe(false);
    },
  );
  test('end after 32 hops', () => {
    expect([isTrusted('10.1.2.3', 31), isTrusted('10.1.2.3', 32)]).toEqual([true, false]);
  });
});
