import { misused } from '../failure.js';

/** The text of a file in UTF-8, without byte order mark; a usage error names the line, the byte and the fix. */
export function decodeUtf8(source: string, bytes: Uint8Array): string {
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) misused(`${source}: it is ${utf16}: save it as UTF-8 (${conversion(utf16)})`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const { line, column, byte } = firstInvalid(bytes);
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    return misused(
      `${source}, line ${line}, byte ${column}: 0x${hex} is not UTF-8; save the file as UTF-8 (${conversion('WINDOWS-1252')} if it comes from Windows or Excel)`,
    );
  }
}

const conversion = (encoding: string): string => `iconv -f ${encoding} -t UTF-8 FILE`;

/** By its byte order mark, or by the zero bytes of ASCII in it. */
function utf16Of([first, second, third, fourth]: Uint8Array): 'UTF-16LE' | 'UTF-16BE' | undefined {
  if (first === 0xff && second === 0xfe) return 'UTF-16LE';
  if (first === 0xfe && second === 0xff) return 'UTF-16BE';
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return 'UTF-16LE';
  return first === 0 && second !== 0 && third === 0 && fourth !== 0 ? 'UTF-16BE' : undefined;
}

const LINE_FEED = 0x0a;

/** Where the first character that is no UTF-8 begins; lines and bytes count from 1. */
function firstInvalid(bytes: Uint8Array): { readonly line: number; readonly column: number; readonly byte: number } {
  let line = 1;
  let start = 0;
  for (;;) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed === -1 ? bytes.length : feed;
    const valid = validLength(bytes.subarray(start, end));
    if (valid < end - start || feed === -1) return { line, column: valid + 1, byte: bytes[start + valid] ?? 0 };
    line += 1;
    start = feed + 1;
  }
}

/** How many bytes from the start are whole characters in UTF-8. */
function validLength(bytes: Uint8Array): number {
  // Re-encoded, the text before the first replacement character has the same bytes.
  const text = Buffer.from(bytes).toString('utf8');
  const encoded = Buffer.from(text);
  for (let index = 0; index < bytes.length; index++) if (bytes[index] !== encoded[index]) return index;
  return bytes.length;
}
