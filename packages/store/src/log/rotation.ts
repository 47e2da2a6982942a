/** Kind of the entry that changes the secret. */
export const ROTATION_KIND = 'rotate_secret';

/** Payload of a rotation. */
export interface Rotation {
  /** Key check of the previous secret. */
  readonly from: string;
  /** Key check of the secret that signs this entry and later ones. */
  readonly to: string;
  /** Signature of the previous secret over the mac of the entry before. Without it any secret could take over. */
  readonly endorsement: string;
}

/** The rotation in the payload of an entry; undefined if it can't be read. */
export function parseRotation(what: string | null): Rotation | undefined {
  try {
    const { rotation } = JSON.parse(what ?? '{}') as { readonly rotation?: Partial<Rotation> };
    const { from, to, endorsement } = rotation ?? {};
    const areTexts = typeof from === 'string' && typeof to === 'string' && typeof endorsement === 'string';
    return areTexts ? { from, to, endorsement } : undefined;
  } catch {
    return undefined;
  }
}

/** Identifies a secret in messages without revealing it. */
export function secretFingerprint(keyCheck: string): string {
  return keyCheck.slice(0, 8);
}
