/** A part of the log that one secret signed. */
export interface SecretPeriod {
  /** Position of the first entry that it signed. */
  readonly from: number;
  /** When it began to sign, in ms since 1970, by the database's clock; undefined for the secret the log was begun with. */
  readonly since?: number | undefined;
  /** Tells secrets apart, and says nothing else of them: 8 hexadecimal digits. */
  readonly fingerprint: string;
  /** Which option has the secret: `none` where this process doesn't have it. */
  readonly option: 'secret' | 'acceptedSecrets' | 'none';
}
