import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import { MIN_SECRET_LENGTH, secretText } from '@rampart/core';

/** Purpose of a key. A leaked key is useless for other purposes. */
type MacPurpose = 'rampart redis value' | 'rampart redis push' | 'rampart relay';

/** Options of {@link createMac}. */
export interface MacOptions {
  /** At least 32 characters, the same in every process. */
  readonly secret: string;
  /** Secrets whose signatures are accepted too: the next one before a rotation, the former one after it. @default none */
  readonly acceptedSecrets?: readonly string[] | undefined;
  /** A signature of one environment is invalid in all others. */
  readonly environment: string;
  readonly purpose: MacPurpose;
}

/** Signs lists of fields with the secret, and verifies signatures of any accepted secret. Order and lengths of the fields are signed too. */
export interface Mac {
  sign(fields: MacFields): string;
  isValid(mac: unknown, fields: MacFields): boolean;
}

export type MacFields = readonly (string | number)[];

/** @throws TypeError if a secret is too short */
export function createMac({ secret, acceptedSecrets = [], environment, purpose }: MacOptions): Mac {
  const own = digestOf('secret', secret, { environment, purpose });
  const accepted = acceptedSecrets.map((one, index) =>
    digestOf(`acceptedSecrets[${index}]`, one, { environment, purpose }),
  );
  return {
    sign: (fields) => own(fields).toString('base64url'),
    isValid(mac, fields) {
      if (typeof mac !== 'string') return false;
      const actual = Buffer.from(mac, 'base64url');
      return [own, ...accepted].some((digest) => {
        const expected = digest(fields);
        return actual.length === expected.length && timingSafeEqual(actual, expected);
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
    // The length of a field shows where it ends.
    let text = `${environment.length}:${environment}`;
    for (const field of fields) text += `${String(field).length}:${field}`;
    // UTF-8 would encode all lone surrogates alike.
    return createHmac('sha256', key).update(text, 'utf16le').digest();
  };
}
