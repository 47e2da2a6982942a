import type { Logger } from '@openfeature/server-sdk';
import {
  type Attributes,
  type ContextNames,
  type ControlSource,
  type ControlView,
  readSubject,
  type Subject,
  statesAllFacts,
  type TenantFacts,
  withTenantFacts,
} from '@rampart/core';
import { errorName } from './error-name.js';
import type { TenantFactsCache } from './tenant-facts-cache.js';

/** The inputs of a decision besides the flags. */
export interface Inputs {
  readonly subject: Subject;
  /** The control state; undefined if none is fresh enough, which closes AI flags. */
  readonly control: ControlView | undefined;
}

/** Options of {@link InputReader}. */
export interface InputReaderOptions {
  readonly control: ControlSource;
  readonly directory: TenantFactsCache | undefined;
  readonly names: ContextNames;
  readonly logger: Logger;
}

/** Joins the context, the directory's facts about the tenant, and the control state. */
export class InputReader {
  readonly #control: ControlSource;
  readonly #directory: TenantFactsCache | undefined;
  readonly #names: ContextNames;
  readonly #logger: Logger;
  readonly #loading = new Map<string, Promise<void>>();

  constructor({ control, directory, names, logger }: InputReaderOptions) {
    this.#control = control;
    this.#directory = directory;
    this.#names = names;
    this.#logger = logger;
  }

  /** The subject from the context alone. */
  subject(attributes: Attributes): Subject {
    return readSubject(attributes, this.#names);
  }

  /** The complete inputs, at once if they are cached, else as a promise that never rejects. */
  read(attributes: Attributes): Inputs | Promise<Inputs> {
    const subject = this.subject(attributes);
    const facts = this.#facts(subject);
    const control = this.#view(subject);
    const isComplete = control !== undefined || this.#control.load === undefined;
    if (isComplete && !(facts instanceof Promise)) return { subject: withFacts(subject, facts), control };
    return this.#wait(subject, facts, isComplete);
  }

  /** The inputs that are cached. Missing ones count as unknown for this call and are fetched for the next. */
  readCached(attributes: Attributes): Inputs {
    const subject = this.subject(attributes);
    const facts = this.#facts(subject);
    const control = this.#view(subject);
    if (control === undefined) {
      this.#control.closedForUnknown?.();
      void this.#load(subject);
    }
    return { subject: facts instanceof Promise ? subject : withFacts(subject, facts), control };
  }

  async #wait(
    subject: Subject,
    pendingFacts: TenantFacts | Promise<TenantFacts> | undefined,
    isComplete: boolean,
  ): Promise<Inputs> {
    const [facts] = await Promise.all([pendingFacts, isComplete ? undefined : this.#load(subject)]);
    const control = this.#view(subject);
    if (control === undefined) this.#control.closedForUnknown?.();
    return { subject: withFacts(subject, facts), control };
  }

  #facts(subject: Subject): TenantFacts | Promise<TenantFacts> | undefined {
    const { tenantId } = subject;
    return this.#directory === undefined || tenantId === undefined || statesAllFacts(subject)
      ? undefined
      : this.#directory.get(tenantId);
  }

  #view({ tenantId, consentRevision }: Subject): ControlView | undefined {
    try {
      return this.#control.read(tenantId, consentRevision);
    } catch (error) {
      this.#logger.error(`rampart: reading the control state failed (${errorName(error)}); AI flags are closed`);
      return undefined;
    }
  }

  #load({ tenantId, consentRevision }: Subject): Promise<void> | undefined {
    if (this.#control.load === undefined) return undefined;
    const key = JSON.stringify([tenantId, consentRevision]);
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = this.#fetch(tenantId, consentRevision).finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    return loading;
  }

  async #fetch(tenantId: string | undefined, minRevision: string | undefined): Promise<void> {
    try {
      await this.#control.load?.(tenantId, minRevision);
    } catch (error) {
      this.#logger.error(`rampart: loading the control state failed (${errorName(error)}); AI flags are closed`);
    }
  }
}

function withFacts(subject: Subject, facts: TenantFacts | undefined): Subject {
  return facts === undefined ? subject : withTenantFacts(subject, facts);
}
