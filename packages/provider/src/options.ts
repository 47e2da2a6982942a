import type { Hook, Logger } from '@openfeature/server-sdk';
import type { ContextNames, ControlSource, FlagSource } from '@rampart/core';
import type { DirectoryOptions } from './tenant-facts-cache.js';
import type { Tracker } from './tracking.js';

/** Options of {@link RampartProvider}. */
export interface RampartProviderOptions {
  /** The flag platform. `initialize` starts it, `onClose` stops it. */
  readonly flags: FlagSource;
  /** The source of consent, kill switches and the rest of the control state. AI flags close while its state is unknown. */
  readonly control: ControlSource;
  /** A lookup of tenants' facts that contexts lack; a context's own facts win. @default none: contexts hold every fact */
  readonly directory?: DirectoryOptions | undefined;
  /** The context attribute of each fact. @default the facts' own names; `targetingKey` for the user */
  readonly contextNames?: Partial<ContextNames> | undefined;
  /** The tier ladder, lowest first. @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /**
   * How long `initialize` waits for the first flags, in ms. After that it rejects, or, with a backup or bootstrap, resolves and
   * emits STALE. Fetching continues, and READY follows the first flags. Keep it below OpenFeature's own limit of 10 s.
   * @default 8000
   */
  readonly initTimeoutMs?: number | undefined;
  /** How long fetching may fail before the provider emits STALE, in ms. @default 30000 */
  readonly staleAfterMs?: number | undefined;
  /** A missing ordinary flag returns the caller's default without FLAG_NOT_FOUND, as Unleash does. @default false */
  readonly unleashCompat?: boolean | undefined;
  /** Flag → feature: logs which evaluations the feature's gates would close, without closing any. @default none */
  readonly observe?: Readonly<Record<string, string>> | undefined;
  /** Names this set of flags in metadata and telemetry, e.g. project and environment. @default unnamed */
  readonly flagSetId?: string | undefined;
  /** Receivers of tracked events besides the flag platform. @default none */
  readonly trackers?: readonly Tracker[] | undefined;
  /** Hooks that run with every evaluation, e.g. {@link telemetryHook}. @default none */
  readonly hooks?: readonly Hook[] | undefined;
  /** Receives warnings, each problem of a flag once, without secrets or user ids. @default OpenFeature's: the console */
  readonly logger?: Logger | undefined;
  /** A monotonic clock in ms for the age of cached facts. @default performance.now */
  readonly now?: (() => number) | undefined;
}

/** The default of `initTimeoutMs`. */
export const DEFAULT_INIT_TIMEOUT_MS = 8_000;

/** The default of `staleAfterMs`. */
export const DEFAULT_STALE_AFTER_MS = 30_000;
