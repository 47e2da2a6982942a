import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { misused } from '../failure.js';
import { decodeUtf8 } from './decode.js';

/** The text of a UTF-8 file without byte order mark; an error names the option, and the line and byte that is not UTF-8. */
export function readText(option: string, path: string): string {
  const source = `${option} ${JSON.stringify(path)}`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return misused(`${source}: ${reasonOf(error as NodeJS.ErrnoException)}`);
  }
  return decodeUtf8(source, bytes);
}

const REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file: a part of the path is not a folder'],
  ['EISDIR', 'it is a folder: name a file in it'],
  ['EACCES', 'permission denied: let this user read it'],
]);

function reasonOf({ code }: NodeJS.ErrnoException): string {
  return REASONS.get(code) ?? `it can not be read (${code ?? 'no reason given'})`;
}

/** Parses JSON; an error names the option and the file. */
export function parseJson(option: string, path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    return misused(`${option} ${JSON.stringify(path)}: no valid JSON (${(error as Error).message})`);
  }
}

/** The provider's `gates` map: flag → feature. */
export function readGates(path: string | undefined): Readonly<Record<string, string>> {
  if (path === undefined) return {};
  const result = z
    .record(z.string().min(1), z.string().min(1))
    .safeParse(parseJson('--gates', path, readText('--gates', path)));
  if (result.success) return result.data;
  return misused(
    `--gates ${JSON.stringify(path)}: write one JSON object of flag to feature, e.g. {"old-flag": "ai.support-copilot"}`,
  );
}
