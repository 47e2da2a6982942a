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
import { kindOf, type TenantFactsCache } from './directory.js';

/** What one decision is made from, besides the flags. */
export interface Inputs {
  readonly subject: Subject;
  readonly control: ControlView | undefined;
}

/** Options of {@link InputReader}. */
export interface InputReaderOptions {
  readonly control: ControlSource;
  readonly directory: TenantFactsCache | undefined;
  readonly names: ContextNames;
  readonly logger: Logger;
}

/** Brings together what the context states, what the directory knows of the tenant, and the control state. */
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

  /** The subject as the context states it; fetches nothing. */
  subject(attributes: Attributes): Subject {
    return readSubject(attributes, this.#names);
  }

  /** Everything that can be known; a promise only where something has to be fetched. Never rejects. */
  read(attributes: Attributes): Inputs | Promise<Inputs> {
    const stated = readSubject(attributes, this.#names);
    const facts = this.#facts(stated);
    const control = this.#view(stated);
    const complete = control !== undefined || this.#control.load === undefined;
    if (complete && !(facts instanceof Promise)) return { subject: withFacts(stated, facts), control };
    return this.#wait(stated, facts, complete);
  }

  /** What is known now. What is missing counts as unknown this time, and is fetched for the next. */
  peek(attributes: Attributes): Inputs {
    const stated = readSubject(attributes, this.#names);
    const facts = this.#facts(stated);
    const control = this.#view(stated);
    if (control === undefined) {
      this.#control.closedForUnknown?.();
      void this.#load(stated);
    }
    return { subject: facts instanceof Promise ? stated : withFacts(stated, facts), control };
  }

  async #wait(
    stated: Subject,
    facts: TenantFacts | Promise<TenantFacts> | undefined,
    complete: boolean,
  ): Promise<Inputs> {
    const [found] = await Promise.all([facts, complete ? undefined : this.#load(stated)]);
    const control = this.#view(stated);
    if (control === undefined) this.#control.closedForUnknown?.();
    return { subject: withFacts(stated, found), control };
  }

  #facts(stated: Subject): TenantFacts | Promise<TenantFacts> | undefined {
    const { tenantId } = stated;
    return this.#directory === undefined || tenantId === undefined || statesAllFacts(stated)
      ? undefined
      : this.#directory.find(tenantId);
  }

  #view({ tenantId, consentRevision }: Subject): ControlView | undefined {
    try {
      return this.#control.read(tenantId, consentRevision);
    } catch (error) {
      this.#logger.error(`rampart: reading the control state failed (${kindOf(error)}); AI flags are closed`);
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

  async #fetch(tenantId: string | undefined, atLeast: string | undefined): Promise<void> {
    try {
      await this.#control.load?.(tenantId, atLeast);
    } catch (error) {
      this.#logger.error(`rampart: loading the control state failed (${kindOf(error)}); AI flags are closed`);
    }
  }
}

function withFacts(stated: Subject, facts: TenantFacts | undefined): Subject {
  return facts === undefined ? stated : withTenantFacts(stated, facts);
}
