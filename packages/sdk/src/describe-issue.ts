import type { z } from 'zod';

/** What is wrong with an option: its name, its value where that is short and no secret, and the fix. */
export function describeIssue(issue: z.core.$ZodIssue | undefined, options: object): string {
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') return `unknown option ${[...path, issue.keys.join(', ')].join('.')}`;
  const value = path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    options,
  );
  const shown = typeof value === 'string' || typeof value === 'number' ? ` = ${JSON.stringify(value)}` : '';
  return `${path.join('.')}${shown}: ${issue?.message ?? 'is wrong'}`;
}
