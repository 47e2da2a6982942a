/** A part of the log that one secret signed. */
export interface SecretPeriod {
  /** Position of the first entry that it signed. */
  readonly from: number;
  /** Time of the rotation to it in ms since 1970, by the database's clock; undefined for the first secret. */
  readonly since?: number | undefined;
  /** Identifies the secret without revealing it: 8 hexadecimal digits. */
  readonly fingerprint: string;
  /** The option that has the secret; `none` if this process doesn't have it. */
  readonly option: 'secret' | 'acceptedSecrets' | 'none';
}
