import { isControlInputError } from '@rampart/core';
import { isConflictError, isKillSwitchError, isLimitError, isReusedIdError, isStoreError } from '@rampart/sdk/operator';
import { type AdminApiErrorKind, isAdminApiError } from '@rampart/unleash/admin';
import { isGatewayError } from './operator-gateway/gateway-error.js';

/** How a command ended, for scripts and CI. */
export const EXIT = {
  /** All is well. */
  fine: 0,
  /** Something was found, or the operation was refused; nothing is wrong with how the command was called. */
  findings: 1,
  /** The command was called wrongly, or Unleash or the database could not be asked. */
  failed: 2,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command that was called wrongly; the message names the option, variable or line, the value and the fix. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  /** Every problem that one run found; each is a line of the error output. */
  readonly problems: readonly string[];

  constructor(...problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Ends a command for the way it was called. */
export function misused(message: string): never {
  throw new UsageError(message);
}

/** An option that a command can't do without. Checked after unknown options, which may be this one misspelt. */
export function required(option: string, value: string | undefined): string {
  return value ?? misused(`${option} is missing: rampart COMMAND --help shows what it takes`);
}

// These say no to what was asked; every other failure means that it could not be asked.
const REFUSALS: readonly AdminApiErrorKind[] = ['refused', 'conflict', 'not_found'];

/** The exit code of an expected failure; undefined for a bug, which keeps its stack. */
export function exitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof UsageError || isControlInputError(error) || isStoreError(error)) return EXIT.failed;
  if (isGatewayError(error)) return error.isRefusal ? EXIT.findings : EXIT.failed;
  if (isConflictError(error) || isReusedIdError(error)) return EXIT.findings;
  if (isKillSwitchError(error) || isLimitError(error)) return EXIT.findings;
  if (!isAdminApiError(error)) return undefined;
  return REFUSALS.includes(error.kind) ? EXIT.findings : EXIT.failed;
}

// The admin library speaks of its own options; these are the ones that are called otherwise here.
const IN_OUR_WORDS: readonly (readonly [string, string])[] = [
  ['set anyName', 'pass --any-name'],
  ['or set skipStages', 'or pass --skip-stages'],
  ['name the canary tenants', 'name them with --add-tenants'],
  ['name the tiers that the ramp has reached', 'name them with --add-tiers'],
  ['name the percentage of the cohort', 'pass --rollout, the percentage of the cohort'],
  ['without the id of a rule', 'without --rule'],
  [
    'ask that one, end it, or use PostgreSQL',
    'where it serves a gateway, kill, revive, kills, override and exposures work with --gateway URL; or end it, or use PostgreSQL',
  ],
  ['repeat with expected = current.revision', 'run the command again'],
  ['repeat the same write with the id', 'repeat the same command with --entry-id'],
  ['give it the feature as its parent (addParent)', 'make the feature its parent: rampart gate FLAG --feature FEATURE'],
  ['name it with project', 'name the project with --project'],
  [
    'give change (an id such as prompt-v18), or a full name',
    'add a change id such as prompt-v18, or --name with a full name',
  ],
];

/** What to print of an error, one line each: a command that was called wrongly may have several problems. */
export function messagesOf(error: unknown): readonly string[] {
  return error instanceof UsageError ? error.problems.map(inOurWords) : [messageOf(error)];
}

/** An error's message in the words of the command line. */
export function messageOf(error: unknown): string {
  return inOurWords(error instanceof Error ? error.message : String(error));
}

/** A library's message in the words of the command line. */
export function inOurWords(message: string): string {
  return IN_OUR_WORDS.reduce((text, [theirs, ours]) => text.replace(theirs, ours), message);
}
