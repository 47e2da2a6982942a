import type { SignedHead } from '@rampart/sdk/operator';
import { z } from 'zod';
import { misused } from '../failure.js';
import { readText } from './files.js';

const head: z.ZodType<SignedHead> = z.object({
  epoch: z.string(),
  position: z.number(),
  mac: z.string(),
  at: z.number(),
  signature: z.string(),
});

/** Heads that `rampart audit head` printed: one, a JSON list, or one a line. */
export function readHeads(path: string): readonly SignedHead[] {
  const text = readText('--heads', path);
  const found =
    jsonOf(text) ??
    text
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .map(jsonOf);
  const result = z
    .array(head)
    .min(1)
    .safeParse(Array.isArray(found) ? found : [found]);
  if (result.success) return result.data;
  const [entry] = result.error.issues[0]?.path ?? [];
  const where = typeof entry === 'number' ? `, entry ${entry + 1}` : '';
  return misused(`--heads ${JSON.stringify(path)}${where}: write what rampart audit head printed, one a line`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
