import { z } from 'zod';
import { PERMISSIONS } from './access/principal.js';
import type { GatewayConfiguration, GatewayConfigurationInput, KeyConfiguration } from './configuration.js';
import { name, names } from './field-schemas.js';
import { ALWAYS, settingsOf } from './settings-schema.js';

type KeyInput = NonNullable<GatewayConfigurationInput['keys']>[number];
type PageToken = GatewayConfiguration['frontend']['tokens'][number];

const hash = z
  .string()
  .regex(
    /^sha256:[0-9a-f]{64}$/,
    'use what `rampart key` printed: sha256: and 64 hexadecimal digits, never the key itself',
  );
const pattern = name.refine((text) => !text.slice(0, -1).includes('*'), 'put * at the end alone, e.g. ai.support-*');

/** One key of a backend service or an operator. */
export const keySchema: z.ZodType<KeyConfiguration, KeyInput> = settingsOf({
  name: name.describe('Shown in logs and in the audit trail.'),
  hash: hash.describe('SHA-256 of the key.'),
  role: z.enum(['service', 'operator']).default('service'),
  may: z.array(z.enum(PERMISSIONS)).optional().describe('What a service may ask for.'),
  flags: z.array(pattern).optional().describe('Flags it may ask about: names, or beginnings with * at the end.'),
  environments: names.optional().describe('Where the key counts; others refuse it. Default: everywhere.'),
})
  .superRefine((value: unknown, context) => {
    const key = value as Partial<KeyConfiguration> | null;
    if (key?.role !== 'operator') return;
    // A list that narrows nothing would be taken for a limit.
    for (const field of ['may', 'flags'] as const)
      if (key[field] !== undefined) {
        const message = `an operator's key may do everything an operator may: leave ${field} out, or use role: service`;
        context.addIssue({ code: 'custom', path: [field], message });
      }
  }, ALWAYS)
  .transform((key) => (key.role === 'operator' ? key : { ...key, ...withDefaults(key) }));

type Narrowing = Pick<KeyConfiguration, 'may' | 'flags'>;

// What was read can be read again, so an operator's key gets neither.
const withDefaults = ({ may = ['evaluate', 'track'], flags = ['*'] }: Narrowing): Narrowing => ({ may, flags });

/** A token of pages. */
export const pageTokenSchema: z.ZodType<PageToken, PageToken> = settingsOf({
  name,
  hash,
  projects: names.optional(),
});

interface Credential {
  readonly place: readonly [...(string | number)[]];
  readonly name?: unknown;
  readonly hash?: unknown;
  readonly environments?: unknown;
}

/** Refuses two credentials of one name, which logs couldn't tell apart, or of one hash, of which only one would count. */
export function requireDistinctCredentials(value: unknown, context: z.core.$RefinementCtx): void {
  const earlier: Credential[] = [];
  for (const credential of credentialsOf(value)) {
    for (const field of ['name', 'hash'] as const) {
      const twin = earlier.find((other) => isSame(credential[field], other[field]) && countTogether(credential, other));
      if (twin === undefined) continue;
      const place = twin.place.join('.');
      const message =
        field === 'name'
          ? `${place} has the same name: give each key and token a name of its own`
          : `${place} has the same hash: make a key for each with \`rampart key\``;
      context.addIssue({ code: 'custom', path: [...credential.place, field], message });
    }
    earlier.push(credential);
  }
}

const isSame = (one: unknown, other: unknown): boolean => typeof one === 'string' && one === other;

/** Whether some gateway takes both: keys may be bound to environments. */
function countTogether({ environments: some }: Credential, { environments: others }: Credential): boolean {
  return !Array.isArray(some) || !Array.isArray(others) || some.some((environment) => others.includes(environment));
}

/** Keys, then tokens of pages; also those of a configuration with other problems. */
function credentialsOf(value: unknown): readonly Credential[] {
  const { keys, frontend } = (value ?? {}) as Record<string, unknown>;
  const tokens = (frontend as Record<string, unknown> | null | undefined)?.['tokens'];
  return [...placed(['keys'], keys), ...placed(['frontend', 'tokens'], tokens)];
}

function placed(place: readonly string[], list: unknown): readonly Credential[] {
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  return entries.map((entry, index) => ({ ...(entry as object | null), place: [...place, index] }));
}
