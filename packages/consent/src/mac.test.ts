import { describe, expect, it } from 'vitest';
import { type MacFields, openMac } from './mac.js';

const secret = 'a secret that has thirty-two characters';
const options = { secret, environment: 'production', purpose: 'rampart redis value' } as const;

describe('a mac', () => {
  const mac = openMac(options);
  const fields: MacFields = ['tenant', 'acme', 'e1', 7, '{}'];
  const signature = mac.sign(fields);

  it('is genuine for the fields that were signed', () => {
    expect(mac.isGenuine(signature, fields)).toBe(true);
    expect(mac.isGenuine(signature, ['tenant', 'acme', 'e1', '7', '{}'])).toBe(true);
  });

  it.each<[string, MacFields]>([
    ['another subject', ['tenant', 'globex', 'e1', 7, '{}']],
    ['another position', ['tenant', 'acme', 'e1', 8, '{}']],
    ['another boundary between fields', ['tenant', 'acm', 'ee1', 7, '{}']],
    ['a field that looks like two', ['tenant', 'acme2:e1', 7, '{}']],
    ['a field less', ['tenant', 'acme', 'e1', 7]],
    ['an empty field more', [...fields, '']],
  ])('is not genuine for %s', (_what, other) => {
    expect(mac.isGenuine(signature, other)).toBe(false);
  });

  it('tells halves of characters apart', () => {
    expect(mac.isGenuine(mac.sign(['\ud800']), ['\ud801'])).toBe(false);
  });

  it.each([
    ['environment', { ...options, environment: 'staging' }],
    ['purpose', { ...options, purpose: 'rampart redis push' as const }],
    ['secret', { ...options, secret: `${secret}!` }],
  ])('counts under no other %s', (_what, other) => {
    expect(openMac(other).isGenuine(signature, fields)).toBe(false);
  });

  it.each([undefined, null, 7, '', 'AAAA', `${signature}AAAA`, signature.slice(1)])('is not %j', (given) => {
    expect(mac.isGenuine(given, fields)).toBe(false);
  });

  it('counts where the secret is accepted, and is made with the own one', () => {
    const accepting = openMac({ ...options, secret: `${secret}!`, acceptedSecrets: [`${secret}\n`] });
    expect(accepting.isGenuine(signature, fields)).toBe(true);
    expect(mac.isGenuine(accepting.sign(fields), fields)).toBe(false);
    expect(accepting.isGenuine(accepting.sign(fields), fields)).toBe(true);
    expect(accepting.isGenuine(signature, ['tenant', 'globex', 'e1', 7, '{}'])).toBe(false);
  });

  it('wants a long secret, and does not tell it', () => {
    const open = () => openMac({ ...options, secret: 'hunter2' });
    expect(open).toThrow('secret: use at least 32 characters');
    expect(open).not.toThrow('hunter2');
    const accept = () => openMac({ ...options, acceptedSecrets: ['hunter2'] });
    expect(accept).toThrow('acceptedSecrets[0]: use at least 32 characters');
  });
});
