import { describe, expect, it } from 'vitest';
import { isConfigurationError } from './configuration-error.js';
import { readConfiguration } from './configuration-schema.js';
import { newApp } from './new-app.js';

const NEEDED = {
  unleash: { url: 'http://127.0.0.1:9/api', token: 'x' },
  secret: 'a secret that is long enough, is it',
};
const read = (more: object) => readConfiguration({ ...NEEDED, ...more });

function refusal(more: object): { readonly field: string; readonly message: string } {
  try {
    read(more);
  } catch (error) {
    if (isConfigurationError(error)) return { field: error.field, message: error.message };
  }
  throw new Error('it was taken');
}

describe('trustedProxies', () => {
  it.each([
    ['10.0.0.7'],
    ['10.0.0.0/8'],
    ['10.0.0.0/255.0.0.0'],
    ['::1'],
    ['2001:db8::/32'],
    ['fd00::/128'],
    ['::ffff:10.0.0.1'],
    ['loopback'],
    ['linklocal'],
    ['uniquelocal'],
  ])('%s is taken, also by what reads it', async (address) => {
    const configuration = read({ trustedProxies: [address] });
    expect(configuration.trustedProxies).toEqual([address]);
    await newApp({ ...configuration, logLevel: 'silent' }, undefined).close();
  });

  it.each([
    ['10.0.0.0/33'],
    ['10.0.0.0/0'],
    ['10.0.0.0/8/8'],
    ['10.0.0.0/'],
    ['10.0.0.0/eight'],
    ['10.0.0.0/255.0.255.0'],
    ['2001:db8::/129'],
    ['2001:db8::/255.0.0.0'],
    ['10.0.0'],
    ['proxy.example.com'],
    ['*'],
    [''],
  ])('%s is refused, by its place, with the fix', (address) => {
    const { field, message } = refusal({ trustedProxies: ['10.0.0.7', address] });
    expect(field).toBe('trustedProxies.1');
    expect(message).toContain(JSON.stringify(address));
    expect(message).toContain('10.0.0.0/8');
  });
});
