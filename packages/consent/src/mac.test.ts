import { describe, expect, it } from 'vitest';
import { createMac, type MacFields } from './mac.js';

const secret = 'a secret that has thirty-two characters';
const options = { secret, environment: 'production', purpose: 'rampart redis value' } as const;

describe('a mac', () => {
  const mac = createMac(options);
  const fields: MacFields = ['tenant', 'acme', 'e1', 7, '{}'];
  const signature = mac.sign(fields);

  it('is valid for the signed fields', () => {
    expect(mac.isValid(signature, fields)).toBe(true);
    expect(mac.isValid(signature, ['tenant', 'acme', 'e1', '7', '{}'])).toBe(true);
  });

  it.each<[string, MacFields]>([
    ['another subject', ['tenant', 'globex', 'e1', 7, '{}']],
    ['another position', ['tenant', 'acme', 'e1', 8, '{}']],
    ['another boundary between fields', ['tenant', 'acm', 'ee1', 7, '{}']],
    ['a field that looks like two', ['tenant', 'acme2:e1', 7, '{}']],
    ['a field less', ['tenant', 'acme', 'e1', 7]],
    ['an empty field more', [...fields, '']],
  ])('is not genuine for %s', (_what, other) => {
    expect(mac.isValid(signature, other)).toBe(false);
  });

  it('distinguishes lone surrogates', () => {
    expect(mac.isValid(mac.sign(['\ud800']), ['\ud801'])).toBe(false);
  });

  it.each([
    ['environment', { ...options, environment: 'staging' }],
    ['purpose', { ...options, purpose: 'rampart redis push' as const }],
    ['secret', { ...options, secret: `${secret}!` }],
  ])('counts under no other %s', (_what, other) => {
    expect(createMac(other).isValid(signature, fields)).toBe(false);
  });

  it.each([undefined, null, 7, '', 'AAAA', `${signature}AAAA`, signature.slice(1)])('is not %j', (given) => {
    expect(mac.isValid(given, fields)).toBe(false);
  });

  it('is made with the own secret, and accepted with any accepted one', () => {
    const accepting = createMac({ ...options, secret: `${secret}!`, acceptedSecrets: [`${secret}\n`] });
    expect(accepting.isValid(signature, fields)).toBe(true);
    expect(mac.isValid(accepting.sign(fields), fields)).toBe(false);
    expect(accepting.isValid(accepting.sign(fields), fields)).toBe(true);
    expect(accepting.isValid(signature, ['tenant', 'globex', 'e1', 7, '{}'])).toBe(false);
  });

  it("needs a long secret, which errors don't show", () => {
    const open = () => createMac({ ...options, secret: 'hunter2' });
    expect(open).toThrow('secret: use at least 32 characters');
    expect(open).not.toThrow('hunter2');
    const accept = () => createMac({ ...options, acceptedSecrets: ['hunter2'] });
    expect(accept).toThrow('acceptedSecrets[0]: use at least 32 characters');
  });
});
