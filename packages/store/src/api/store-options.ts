/** Options of `openStore`. */
export interface StoreOptions {
  /**
   * Address of the database: `postgres://…`, `postgresql://…`, `mysql://…` or `mariadb://…`, or the folder of an embedded PGlite.
   * PGlite needs no server and belongs to one process at a time. It may lose data when the power fails.
   */
  readonly database: string | { readonly folder: string };
  /** Signs the log; at least 32 characters. Never stored. Entries can't be written or verified without it. */
  readonly secret: string;
  /**
   * Secrets that are accepted beside {@link secret}, at least 32 characters each: the next one before a rotation, the previous one
   * after it. The log records which of them signs. `verify` needs every secret that ever signed the log.
   * @default none
   */
  readonly acceptedSecrets?: readonly string[] | undefined;
  /**
   * Timeout of each wait in ms, from 1: for a free connection, for a new connection with its session set-up, for the answer to one
   * statement or commit, for other writers of this process, and for closing. A connection that exceeds it is destroyed and replaced.
   * A call takes several waits: it settles within about six times the timeout. Statements of `migrate` may take 60 s.
   * @default 2000
   */
  readonly timeoutMs?: number | undefined;
  /** Connections of this process. PGlite always has one. */
  readonly pool?:
    | {
        /**
         * Maximum number of connections, from 1.
         * @default 10
         */
        readonly max?: number | undefined;
      }
    | undefined;
  /** Receives problems that fail no call, such as an idle connection that breaks. @default none */
  readonly logger?: { warn(message: string): void } | undefined;
}
