import { nearestHint } from '@rampart/sdk/operator';
import { z } from 'zod';

/** Runs a check also where another one has failed, so that one run names every problem. */
export const ALWAYS = { when: (): boolean => true } as const;

/** An object without names of its own choice: each unknown name is a problem, with the nearest known name. */
export function settingsOf<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  elsewhere = '',
): z.ZodObject<Shape, z.core.$loose> {
  const known = Object.keys(shape);
  return z.looseObject(shape).superRefine((value: unknown, context) => {
    if (typeof value !== 'object' || value === null) return;
    for (const name of Object.keys(value).filter((each) => !known.includes(each))) {
      const hint = nearestHint(name, known) || `the settings here are ${known.join(', ')}`;
      const message = `there is no such setting${elsewhere}: ${hint}`;
      context.addIssue({ code: 'custom', path: [name], message, params: { isUnknownName: true } });
    }
  }, ALWAYS);
}
