import type { z } from 'zod';
import { invisibleCharacter } from './invisible.js';

/** A check of a text: an invisible character in it would make two ids of what readers take for one. */
export function requireVisible(text: string, context: z.core.$RefinementCtx<string>): void {
  const found = invisibleCharacter(text);
  if (found === undefined) return;
  const kind = /control|tab|line feed|carriage/.test(found.name) ? 'control characters' : 'invisible characters';
  context.addIssue({
    code: 'custom',
    message: `take away the ${kind}: ${found.name} at character ${found.index + 1}`,
  });
}
