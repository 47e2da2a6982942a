/** Names an answer, and the stream ticket that came with it. */
export interface EntityTag {
  readonly digest: string;
  /** The ticket's id, where one came with the answer. */
  readonly stream: string | undefined;
  /** When the answer was made, in ms since 1970. */
  readonly issuedAt: number;
}

const FORM = /^(?:W\/)?"([\w-]{22})\.([\w-]{16})?\.([0-9a-z]{1,10})"$/;

/** As it stands in a header. */
export function writeTag({ digest, stream, issuedAt }: EntityTag): string {
  return `"${digest}.${stream ?? ''}.${issuedAt.toString(36)}"`;
}

/** The tag of a header that names this digest, in whichever of its answers. */
export function findTag(header: string | undefined, digest: string): EntityTag | undefined {
  if (header === undefined) return undefined;
  for (const written of header.split(',', 16)) {
    const [, found, stream, issuedAt] = FORM.exec(written.trim()) ?? [];
    if (found === digest && issuedAt !== undefined) return { digest, stream, issuedAt: Number.parseInt(issuedAt, 36) };
  }
  return undefined;
}
