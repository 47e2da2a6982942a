import type { Logger } from '@openfeature/server-sdk';
import { InMemoryControl, type JsonValue } from '@rampart/core';
import { RampartProvider } from '@rampart/openfeature-provider';
import type { Answer } from './answers.js';
import { type RecordedEvaluation, type SubjectMatch, TestFlags } from './test-flags.js';

/** The real provider for tests: its value mapping, metadata and events, with decisions that the test sets. */
export interface TestRampart {
  readonly provider: RampartProvider;
  /**
   * Sets the decision of an AI flag. The newest one that matches a subject counts; without a match the flag is off.
   *
   * @param match attributes that the subject must have. Default: every subject matches
   * @throws RangeError if the fields of the decision contradict each other
   */
  set(flag: string, answer: Answer, match?: SubjectMatch): void;
  /** Sets the value of an ordinary flag: a boolean, text, a number, or JSON. */
  setValue(flag: string, value: JsonValue): void;
  /** Every counted evaluation, in order. */
  readonly evaluations: readonly RecordedEvaluation[];
  /** Removes all decisions, values and recorded evaluations. */
  clear(): void;
}

/** Options of {@link createTestRampart}: as in `createRampart`. */
export interface TestRampartOptions {
  /** The prefix of AI flags' names: such a flag without a decision is closed. `''`: names don't count. @default 'ai.' */
  readonly prefix?: string | undefined;
  /** Flag → feature, for flags that have no parent in Unleash. @default none */
  readonly gates?: Readonly<Record<string, string>> | undefined;
  /** Receives warnings, e.g. of AI flags without a decision. @default OpenFeature's: the console */
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
    evaluations: flags.evaluations,
    clear: () => flags.clear(),
  };
}
