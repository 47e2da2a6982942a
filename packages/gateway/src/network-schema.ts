import { isIP } from 'node:net';
import { z } from 'zod';

const NAMES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);
const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** An address, or a range of them: what may stand for a proxy that is believed. */
export const networkSchema: z.ZodType<string, string> = z.string().refine(isNetwork, {
  error:
    'use an address such as 10.0.0.7, a range such as 10.0.0.0/8 (/1 to /32, of version 6 to /128), or loopback, linklocal, ' +
    'uniquelocal',
});

function isNetwork(text: string): boolean {
  if (NAMES.has(text)) return true;
  const [address = '', length, ...more] = text.split('/');
  const bits = BITS[isIP(address)];
  if (bits === undefined || more.length > 0) return false;
  if (length === undefined) return true;
  if (isIP(length) === 4) return bits === 32 && isMask(length);
  return /^\d{1,3}$/.test(length) && Number(length) >= 1 && Number(length) <= bits;
}

/** Ones, then zeros. */
function isMask(mask: string): boolean {
  const binary = mask.split('.').map((part) => Number(part).toString(2).padStart(8, '0'));
  return /^1+0*$/.test(binary.join(''));
}
