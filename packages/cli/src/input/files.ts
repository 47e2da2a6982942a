import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { misused } from '../failure.js';

/** The text of a file without byte order mark; an error names the option. */
export function readText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    return misused(`${option} ${JSON.stringify(path)}: ${(error as NodeJS.ErrnoException).code ?? 'can not be read'}`);
  }
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
