/** The kind of the entry that changes the secret. */
export const ROTATION_KIND = 'rotate_secret';

/** What such an entry says. */
export interface Rotation {
  /** Check of the secret that signed before. */
  readonly from: string;
  /** Check of the secret that signs this entry and those after it. */
  readonly to: string;
  /** By the secret before, over the mac of the entry before: without it the holder of any secret could change to that one. */
  readonly endorsement: string;
}

/** What the text of an entry says of a rotation; undefined where it can't be read. */
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

/** What is shown of a secret: tells it from another, and says nothing else of it. */
export function secretFingerprint(keyCheck: string): string {
  return keyCheck.slice(0, 8);
}
