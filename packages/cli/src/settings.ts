import { DEFAULT_TIERS, ladderProblem, secretText } from '@rampart/core';
import { z } from 'zod';
import { VARIABLES, type Variables } from './environment.js';
import { misused } from './failure.js';
import { readText } from './input/files.js';
import { listOf } from './input/pairs.js';

/** Options that every command takes; they win over the environment. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly clientTokenFile?: string;
  readonly environment?: string;
  readonly project?: string;
  readonly tiers?: string;
}

/** Options and environment, checked. A token never appears in an error. */
export interface Settings {
  readonly url: string;
  readonly adminToken: string | undefined;
  readonly clientToken: string | undefined;
  readonly environment: string | undefined;
  readonly project: string | undefined;
  readonly tiers: readonly string[];
}

const address = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}, 'write a whole address without user and password, e.g. https://unleash.example.com');
const token = z.string().regex(/^[\x21-\x7e]+$/, 'it is empty or holds a space or special character: copy it again');
const name = z.string().regex(/^[^\s/]+$/, 'write a name without spaces and slashes');
const tiers = z
  .string()
  .transform(listOf)
  .superRefine((list, context) => {
    const problem = list.length === 0 ? 'names no tier' : ladderProblem(list);
    if (problem !== undefined)
      context.addIssue({ code: 'custom', message: `write each tier once, lowest first, e.g. free,pro: it ${problem}` });
  });

/** Joins options and environment. Throws a `UsageError` that names the option or variable that is wrong. */
export function readSettings(flags: ConnectionFlags, variables: Variables): Settings {
  const { tokenFile, clientTokenFile } = flags;
  const url =
    check(address, from('--url', flags.url, VARIABLES.url, variables.url), 'open') ??
    misused('I do not know where Unleash is: set UNLEASH_URL or pass --url, e.g. https://unleash.example.com');
  const settings: Settings = {
    url,
    adminToken: check(
      token,
      from('--token-file', fileText('--token-file', tokenFile), VARIABLES.adminToken, variables.adminToken),
      'secret',
    ),
    clientToken: check(
      token,
      from(
        '--client-token-file',
        fileText('--client-token-file', clientTokenFile),
        VARIABLES.clientToken,
        variables.clientToken,
      ),
      'secret',
    ),
    environment: check(
      name,
      from('--environment', flags.environment, VARIABLES.environment, variables.environment),
      'open',
    ),
    project: check(name, from('--project', flags.project, VARIABLES.project, variables.project), 'open'),
    tiers: check(tiers, from('--tiers', flags.tiers, VARIABLES.tiers, variables.tiers), 'open') ?? DEFAULT_TIERS,
  };
  // An option wins over the environment, also when it names the other kind of token.
  return clientTokenFile !== undefined && tokenFile === undefined ? { ...settings, adminToken: undefined } : settings;
}

/** The admin token, or an error that says where to put one. */
export function requireAdminToken({ adminToken }: Settings): string {
  return (
    adminToken ??
    misused(
      'I have no admin token: set UNLEASH_ADMIN_TOKEN or pass --token-file FILE. Make one in the Unleash UI under Admin > API access, or a personal one in your profile.',
    )
  );
}

/** A value, and the option or variable that said it. */
export interface Sourced {
  readonly value: string;
  readonly source: string;
}

/** A value and where it was said; the option wins. */
export function from(
  flag: string,
  given: string | undefined,
  variable: string,
  found: string | undefined,
): Sourced | undefined {
  if (given !== undefined) return { value: given, source: flag };
  return found === undefined ? undefined : { value: found, source: variable };
}

/** A value that fits; a usage error that names its source where it doesn't. */
export function check<T>(
  schema: z.ZodType<T>,
  sourced: Sourced | undefined,
  secrecy: 'open' | 'secret',
): T | undefined {
  if (sourced === undefined) return undefined;
  const { value, source } = sourced;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // An address may hold a password.
  const shown = secrecy === 'secret' || value.includes('@') ? '' : ` = ${JSON.stringify(value)}`;
  return misused(`${source}${shown}: ${result.error.issues[0]?.message ?? 'can not be used'}`);
}

/** The secret or token in a file, without the line breaks at its end. */
export function fileText(flag: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : secretText(readText(flag, path));
}
