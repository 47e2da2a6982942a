import { isStoreError, StoreError, type StoreErrorKind } from '../api/store-error.js';

interface DriverError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly fatal?: unknown;
}

const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'EACCES',
  'ENOENT',
  'PROTOCOL_CONNECTION_LOST',
  'ER_CONNECTION_KILLED',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  // PostgreSQL: shutting down, crashed, starting up, too many connections, idle in a transaction for too long.
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '25P03',
  '08000',
  '08003',
  '08006',
  // PgBouncer: its server can't be reached, or it has no free connection.
  '08P01',
]);
const TIMEOUT_CODES = new Set([
  'ETIMEDOUT',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_STATEMENT_TIMEOUT',
  'ER_QUERY_TIMEOUT',
  '57014',
  '55P03',
]);
const READ_ONLY_CODES = new Set([
  '25006',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_INNODB_READ_ONLY',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'EROFS',
]);
const REFUSED_CODES = new Set([
  '28P01',
  '28000',
  '42501',
  '3D000',
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_BAD_DB_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_SPECIFIC_ACCESS_DENIED_ERROR',
  'ER_PROCACCESS_DENIED_ERROR',
  'ER_BINLOG_CREATE_ROUTINE_NEED_SUPER',
  'ER_NOT_SUPPORTED_AUTH_MODE',
  'ER_COLUMNACCESS_DENIED_ERROR',
]);
const MISSING_TABLE_CODES = new Set(['42P01', '42703', 'ER_NO_SUCH_TABLE', 'ER_BAD_FIELD_ERROR']);
const RETRYABLE_CODES = new Set(['40001', '40P01', '23505', 'ER_LOCK_DEADLOCK', 'ER_DUP_ENTRY', 'ER_CHECKREAD']);

/** Errors of a commit after which its outcome is unknown. */
const AMBIGUOUS_COMMIT_CODES = new Set([
  // PostgreSQL: transaction resolution unknown, statement completion unknown.
  '08007',
  '40003',
  'ER_ERROR_DURING_COMMIT',
  'ER_QUERY_INTERRUPTED',
  'ER_CONNECTION_KILLED',
]);

const FIXES: Readonly<Record<StoreErrorKind, string>> = {
  unreachable: 'check the address, and that the server runs and accepts connections',
  timeout: 'check the server, or allow a longer timeout',
  outcome_unknown: 'repeat the same write with the same id: it is recorded at most once',
  read_only: 'give the address of the primary, with a user that may write',
  replica: 'give the address of the primary: a replica may be behind',
  schema_newer: 'install that version of @rampart/store here too',
  schema_older: 'run rampart migrate first, or call migrate()',
  unwatched: 'run rampart migrate, which repairs it or says what to change first',
  locked: 'ask the process that holds it, or end it',
  refused: 'check user, password, database name and rights',
  broken: 'this is no known failure; the cause has the details',
};

/** Converts an error of a driver to a StoreError. */
export function toStoreError(error: unknown, redactedUrl: string): StoreError {
  if (isStoreError(error)) return error;
  const kind = kindOf(error as DriverError);
  return new StoreError(kind, `${redactedUrl}: ${messageOf(error)}; ${FIXES[kind]}`, { cause: error });
}

/** A StoreError with the fix of its kind. */
export function createStoreError(
  kind: StoreErrorKind,
  redactedUrl: string,
  problem: string,
  cause?: unknown,
): StoreError {
  return new StoreError(
    kind,
    `${redactedUrl}: ${problem}; ${FIXES[kind]}`,
    cause === undefined ? undefined : { cause },
  );
}

/** A StoreError for a database without Rampart's tables: it is new, or the wrong one. */
export function missingLogError(redactedUrl: string, problem: string, cause?: unknown): StoreError {
  const message = `${redactedUrl}: ${problem}: check the address; if it is right, ${FIXES.schema_older}`;
  return new StoreError('schema_older', message, cause === undefined ? undefined : { cause });
}

/** Whether a repetition may succeed: after a deadlock, or a concurrent insert of the same row. */
export function isRetryable(error: unknown): boolean {
  return isStoreError(error) && RETRYABLE_CODES.has(codeOf(error.cause as DriverError | undefined));
}

/** Whether a failed commit may have taken effect. @param isLost whether the connection broke over it */
export function isOutcomeUnknown(error: unknown, isLost: boolean): boolean {
  if (!isStoreError(error) || AMBIGUOUS_COMMIT_CODES.has(codeOf(error.cause as DriverError | undefined))) return true;
  return isLost && error.kind !== 'read_only';
}

function kindOf(error: DriverError): StoreErrorKind {
  const code = codeOf(error);
  if (UNREACHABLE_CODES.has(code)) return 'unreachable';
  if (TIMEOUT_CODES.has(code)) return 'timeout';
  if (READ_ONLY_CODES.has(code)) return 'read_only';
  if (REFUSED_CODES.has(code)) return 'refused';
  if (MISSING_TABLE_CODES.has(code)) return 'schema_older';
  return kindFromMessage(String(error?.message));
}

// Some errors of pg and mysql2 have no code.
function kindFromMessage(message: string): StoreErrorKind {
  if (/read timeout|timeout exceeded|timeout expired|connect.*timed? ?out/i.test(message)) return 'timeout';
  if (/connection terminated|connection (?:is )?(?:lost|ended|closed)|closed state|not queryable/i.test(message)) {
    return 'unreachable';
  }
  return /password must be a string|authentication/i.test(message) ? 'refused' : 'broken';
}

function codeOf(error: DriverError | undefined): string {
  return typeof error?.code === 'string' ? error.code : '';
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error instanceof Error && error.message !== '' ? error.message : String((error as DriverError)?.code ?? error);
}
