import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import { MIN_SECRET_LENGTH, secretText } from '@rampart/core';

/** What a key is for. One that leaks for one purpose is no use for another. */
type MacPurpose = 'rampart redis value' | 'rampart redis push' | 'rampart relay';

/** What keys are made from. */
export interface MacOptions {
  /** At least 32 characters, the same in every process. */
  readonly secret: string;
  /** Secrets whose signatures count too: the next one before a rotation, the former one after it. @default none */
  readonly acceptedSecrets?: readonly string[] | undefined;
  /** What was said in one environment counts in no other. */
  readonly environment: string;
  readonly purpose: MacPurpose;
}

/** Signs lists of fields with the secret, and tells genuine ones, of any accepted secret, from others. The order of fields, and where one ends, is signed too. */
export interface Mac {
  sign(fields: MacFields): string;
  isGenuine(mac: unknown, fields: MacFields): boolean;
}

export type MacFields = readonly (string | number)[];

/** @throws TypeError when a secret is too short */
export function openMac({ secret, acceptedSecrets = [], environment, purpose }: MacOptions): Mac {
  const own = digestOf('secret', secret, { environment, purpose });
  const accepted = acceptedSecrets.map((one, index) =>
    digestOf(`acceptedSecrets[${index}]`, one, { environment, purpose }),
  );
  return {
    sign: (fields) => own(fields).toString('base64url'),
    isGenuine(mac, fields) {
      if (typeof mac !== 'string') return false;
      const given = Buffer.from(mac, 'base64url');
      return [own, ...accepted].some((digest) => {
        const right = digest(fields);
        return given.length === right.length && timingSafeEqual(given, right);
      });
    },
  };
}

function digestOf(
  option: string,
  written: unknown,
  { environment, purpose }: Pick<MacOptions, 'environment' | 'purpose'>,
): (fields: MacFields) => Buffer {
  const secret = typeof written === 'string' ? secretText(written) : written;
  if (typeof secret !== 'string' || secret.length < MIN_SECRET_LENGTH) {
    throw new TypeError(`${option}: use at least ${MIN_SECRET_LENGTH} characters, the same in every process`);
  }
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)));
  return (fields) => {
    // A field's length says where it ends.
    let text = `${environment.length}:${environment}`;
    for (const field of fields) text += `${String(field).length}:${field}`;
    // In UTF-8 all halves of characters would be the same.
    return createHmac('sha256', key).update(text, 'utf16le').digest();
  };
}
