import type { AiNameKind } from './ai-name.js';
import type { ControlView } from './control.js';
import type { FlagSnapshot } from './flag.js';
import type { Problem } from './problem.js';
import type { Attributes, Subject, TenantFacts } from './subject.js';

/** Where consent, kill switches and everything else of the control log is read. */
export interface ControlSource {
  /**
   * What is known now, without waiting; undefined where nothing can be shown fresh enough: closed.
   *
   * @param atLeast a revision that a write returned: an older state, or one the log has not reached, is undefined
   */
  read(tenantId: string | undefined, atLeast?: string): ControlView | undefined;
  /** Fetches what `read` lacks. Never rejects: what can't be fetched stays unknown. */
  load?(tenantId: string | undefined, atLeast?: string): Promise<void>;
  /** The provider starts. Resolves when the first state is known, or could not be had yet; never rejects. */
  start?(): Promise<void>;
  /** The provider closes. */
  stop?(): Promise<void>;
  /**
   * Notifies of changed tenants once the change is applied here: evaluations that depend on it are out of date. The end of an
   * override causes no notification, since nothing is recorded then.
   *
   * @returns stops telling
   */
  subscribe?(listener: (change: ControlChanged) => void): () => void;
  /** Told each time a question is closed because `read` knew nothing, for metrics. */
  closedForUnknown?(): void;
}

/** Whose recorded state has changed: some tenants', or everybody's. */
export interface ControlChanged {
  readonly tenants: readonly string[] | 'all';
}

/** Looks a tenant up. A rejection, or undefined, leaves the facts missing, and missing facts close. */
export type TenantDirectory = (tenantId: string) => TenantFacts | undefined | Promise<TenantFacts | undefined>;

/** A variant of an ordinary flag, as the flag platform gives it. */
export interface PlainVariant {
  readonly name: string;
  readonly enabled: boolean;
  readonly featureEnabled: boolean;
  readonly payload: { readonly type: string; readonly value: string } | undefined;
}

/** What a flag source tells about itself. `fatal` and `error` carry what happened; `error` may pass, `fatal` does not. */
export type FlagSourceEvent =
  | { readonly type: 'changed'; readonly flags: readonly string[] }
  | { readonly type: 'fetched' }
  | { readonly type: 'error'; readonly error: Error }
  | { readonly type: 'fatal'; readonly error: Error }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'problem'; readonly problem: Problem };

/** Where the flags came from: the server itself, or a backup or bootstrap of unknown age. */
export type FlagOrigin = 'none' | 'backup' | 'server';

/** How often a client was answered, as it counted by itself. */
export interface Usage {
  readonly flag: string;
  readonly yes: number;
  readonly no: number;
  /** Variant → times. */
  readonly variants: ReadonlyMap<string, number>;
}

/** The flag platform that a provider asks. */
export interface FlagSource {
  /** Starts fetching. Resolves at once; what happens arrives as events. */
  start(): void;
  /** Reports what is left to report and stops. Idempotent; leaves no timer or socket. */
  stop(): Promise<void>;
  /** Fetches now, for example after a notification of an edit. Never rejects: a failure arrives as an event. */
  refresh?(): Promise<void>;
  subscribe(listener: (event: FlagSourceEvent) => void): () => void;
  origin(): FlagOrigin;
  /** All flags at this moment, the same object until one changes. */
  snapshot(): FlagSnapshot;
  /**
   * What a flag that the snapshot lacks is known to be; undefined for an ordinary one. An AI flag is closed while it is missing.
   * Without this method the prefix `ai.` alone tells.
   */
  missingKind?(name: string): AiNameKind | undefined;
  /** Asks an ordinary flag as the platform's own SDK does, usage metrics included. */
  isEnabled(name: string, attributes: Attributes): boolean;
  variant(name: string, attributes: Attributes): PlainVariant;
  /**
   * Asks many ordinary flags for one context, which is read once. Counts nothing: a bulk question is no exposure.
   *
   * @param attributes not changed while the answer is in use
   */
  asker?(attributes: Attributes): (name: string) => PlainVariant;
  /**
   * As `variant`, for a flag behind a feature's gates, which are known to be open for this call.
   *
   * @param counted false for a bulk question, which is no exposure; default true
   */
  variantBehindGate(name: string, feature: string, attributes: Attributes, counted?: boolean): PlainVariant;
  /** Counts what was served, once per evaluation. */
  count(name: string, enabled: boolean, variant: string | undefined): void;
  /** Adds what a client counted by itself. */
  addUsage?(usage: Usage): void;
  /** Reports an exposure where the flag asks for impression data. */
  impression?(name: string, subject: Subject, enabled: boolean, variant: string | undefined): void;
  /** Hands a measurement on to the platform. */
  track?(name: string, value: number, attributes: Readonly<Record<string, unknown>>): void;
}
