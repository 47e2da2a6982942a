import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import { SHORTEST_SECRET, secretText } from '@rampart/core';

/** What a key is for. One that leaks for one purpose is no use for another. */
type MacPurpose = 'rampart redis value' | 'rampart redis push' | 'rampart relay';

/** What keys are made from. */
export interface MacOptions {
  /** At least 32 characters, the same in every process. */
  readonly secret: string;
  /** What was said in one environment counts in no other. */
  readonly environment: string;
  readonly purpose: MacPurpose;
}

/** Signs lists of fields, and tells genuine ones from others. The order of fields, and where one ends, is signed too. */
export interface Mac {
  sign(fields: MacFields): string;
  isGenuine(mac: unknown, fields: MacFields): boolean;
}

export type MacFields = readonly (string | number)[];

/** @throws TypeError when the secret is too short */
export function openMac({ secret: written, environment, purpose }: MacOptions): Mac {
  const secret = typeof written === 'string' ? secretText(written) : written;
  if (typeof secret !== 'string' || secret.length < SHORTEST_SECRET) {
    throw new TypeError(`secret: use at least ${SHORTEST_SECRET} characters, the same in every process`);
  }
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)));
  const digest = (fields: MacFields): Buffer => {
    // A field's length says where it ends.
    let text = `${environment.length}:${environment}`;
    for (const field of fields) text += `${String(field).length}:${field}`;
    // In UTF-8 all halves of characters would be the same.
    return createHmac('sha256', key).update(text, 'utf16le').digest();
  };
  return {
    sign: (fields) => digest(fields).toString('base64url'),
    isGenuine(mac, fields) {
      if (typeof mac !== 'string') return false;
      const given = Buffer.from(mac, 'base64url');
      const right = digest(fields);
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}
