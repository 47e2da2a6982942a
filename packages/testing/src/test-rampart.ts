import type { Logger } from '@openfeature/server-sdk';
import { InMemoryControl, type JsonValue } from '@rampart/core';
import { RampartProvider } from '@rampart/openfeature-provider';
import type { Answer } from './answers.js';
import { type Asked, type SubjectMatch, TestFlags } from './test-flags.js';

/** A provider for tests: the real value mapping, metadata and events, over answers that you set. */
export interface TestRampart {
  readonly provider: RampartProvider;
  /**
   * Sets what an AI flag answers. The newest answer that fits a subject decides; a subject that none fits is off.
   *
   * @param match attributes that the subject must have. Default: everybody
   * @throws RangeError where the answer contradicts itself
   */
  set(flag: string, answer: Answer, match?: SubjectMatch): void;
  /** Sets the value of an ordinary flag: a boolean, text, a number, or JSON. */
  setValue(flag: string, value: JsonValue): void;
  /** Everything that was asked, in order. */
  readonly asked: readonly Asked[];
  /** Forgets all answers and questions. */
  clear(): void;
}

/** Options of {@link createTestRampart}: as in `createRampart`. */
export interface TestRampartOptions {
  /** How the names of AI flags begin: one for which no answer was set is closed. `''`: no name says so. @default 'ai.' */
  readonly prefix?: string | undefined;
  /** Flag → feature, for flags that have no parent in Unleash. @default none */
  readonly gates?: Readonly<Record<string, string>> | undefined;
  /** Where warnings go, e.g. of AI flags for which no answer was set. @default OpenFeature's: the console */
  readonly logger?: Logger | undefined;
}

/**
 * Sets a subject's decision in one line, without servers:
 *
 * ```ts
 * const rampart = createTestRampart();
 * rampart.set('ai.support-copilot', { outcome: 'paywall' }, { tier: 'free' });
 * await OpenFeature.setProviderAndWait(rampart.provider);
 * ```
 */
export function createTestRampart({ prefix, gates = {}, logger }: TestRampartOptions = {}): TestRampart {
  const flags = new TestFlags({ prefix, gates: new Map(Object.entries(gates)) });
  const provider = new RampartProvider({ flags, control: new InMemoryControl(), logger });
  return {
    provider,
    set: (flag, answer, match = {}) => flags.set(flag, answer, match),
    setValue: (flag, value) => flags.setValue(flag, value),
    asked: flags.asked,
    clear: () => flags.clear(),
  };
}
