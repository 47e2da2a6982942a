import type { Hook, Logger } from '@openfeature/server-sdk';
import type { ContextNames, ControlSource, FlagSource, TenantDirectory } from '@rampart/core';
import type { Tracker } from './tracking.js';

/** Options of {@link RampartProvider}. */
export interface RampartProviderOptions {
  /** The flag platform. It is started by `initialize` and stopped by `onClose`. */
  readonly flags: FlagSource;
  /** Where consent, kill switches and the rest of the control state are read. Where it knows nothing, AI flags close. */
  readonly control: ControlSource;
  /** Facts about a tenant that contexts don't carry; what a context states wins. @default none: contexts carry everything */
  readonly directory?: TenantDirectory | undefined;
  /** How long a tenant's facts are kept, in ms. A tenant that isn't found is asked again after 1 s. @default 60000 */
  readonly directoryTtl?: number | undefined;
  /** How many tenants' facts are kept. @default 10000 */
  readonly directorySize?: number | undefined;
  /** How long one lookup may take, in ms; then the facts count as missing, and missing facts close. @default 2000 */
  readonly directoryTimeout?: number | undefined;
  /** Which attribute holds which fact. @default the facts' own names; `targetingKey` for the user */
  readonly contextNames?: Partial<ContextNames> | undefined;
  /** The tier ladder, lowest first. @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /**
   * How long `initialize` waits for the first flags, in ms. Then it rejects, or, where a backup or bootstrap was loaded,
   * resolves and says STALE. Fetching goes on: the provider gets ready by itself. Below the 10 s that OpenFeature
   * allows. @default 8000
   */
  readonly initTimeout?: number | undefined;
  /** How long fetching may fail before the provider says STALE, in ms. @default 30000 */
  readonly staleAfter?: number | undefined;
  /** A missing flag answers the caller's default in silence, as Unleash does, and not FLAG_NOT_FOUND. @default false */
  readonly unleashCompat?: boolean | undefined;
  /** Flag → feature: logs which answers would change if the flag were gated by the feature; changes none. @default none */
  readonly observe?: Readonly<Record<string, string>> | undefined;
  /** Names this set of flags in metadata and telemetry, e.g. project and environment. @default unnamed */
  readonly flagSetId?: string | undefined;
  /** Where tracked events go besides the flag platform. @default nowhere */
  readonly trackers?: readonly Tracker[] | undefined;
  /** Hooks that run with every evaluation, e.g. {@link telemetryHook}. @default none */
  readonly hooks?: readonly Hook[] | undefined;
  /** Where warnings go: each problem of a flag once. No secrets, no user ids. @default OpenFeature's: the console */
  readonly logger?: Logger | undefined;
  /** A clock in ms that never goes back, for the age of cached facts. @default performance.now */
  readonly now?: (() => number) | undefined;
}

/** `initTimeout` where it isn't given, in ms. */
export const DEFAULT_INIT_TIMEOUT = 8_000;

/** `staleAfter` where it isn't given, in ms. */
export const DEFAULT_STALE_AFTER = 30_000;
