/** One whole reply of Redis. */
export interface Frame {
  readonly bytes: Buffer;
  /** Of a message that was published: its channel. */
  readonly message: string | undefined;
}

const CRLF = '\r\n';
const PUBLISHED = new Set(['message', 'pmessage', 'smessage']);

/** Cuts what Redis sends (RESP 2 or 3) into whole replies. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** The replies that are whole by now. */
  add(chunk: Buffer): readonly Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const end = endOf(this.#rest, 0);
      if (end === undefined) return frames;
      const bytes = this.#rest.subarray(0, end);
      frames.push({ bytes, message: channelOf(bytes) });
      this.#rest = this.#rest.subarray(end);
    }
  }
}

/** Where the reply that begins at a place ends; undefined while it isn't whole. */
function endOf(buffer: Buffer, start: number): number | undefined {
  const lineEnd = buffer.indexOf(CRLF, start);
  if (lineEnd === -1) return undefined;
  const type = String.fromCharCode(buffer[start] ?? 0);
  const count = Number(buffer.toString('latin1', start + 1, lineEnd));
  const next = lineEnd + CRLF.length;
  if ('$=!'.includes(type)) {
    if (count < 0) return next;
    const end = next + count + CRLF.length;
    return end <= buffer.length ? end : undefined;
  }
  if (!'*>~%|'.includes(type)) return next;
  // A map has two parts an entry, and attributes stand before what they are about.
  const parts = count * (type === '%' || type === '|' ? 2 : 1) + (type === '|' ? 1 : 0);
  let end: number | undefined = next;
  for (let part = 0; part < parts && end !== undefined; part += 1) end = endOf(buffer, end);
  return end;
}

function channelOf(bytes: Buffer): string | undefined {
  const [head = '', , kind = '', , ...rest] = bytes.toString('latin1').split(CRLF);
  if (!/^[*>][34]$/.test(head) || !PUBLISHED.has(kind)) return undefined;
  return rest[kind === 'pmessage' ? 2 : 0];
}
