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

/**
 * Sets a subject's decision in one line, without servers:
 *
 * ```ts
 * const rampart = createTestRampart();
 * rampart.set('ai.support-copilot', { outcome: 'paywall' }, { tier: 'free' });
 * await OpenFeature.setProviderAndWait(rampart.provider);
 * ```
 */
export function createTestRampart(): TestRampart {
  const flags = new TestFlags();
  const provider = new RampartProvider({ flags, control: new InMemoryControl() });
  return {
    provider,
    set: (flag, answer, match = {}) => flags.set(flag, answer, match),
    setValue: (flag, value) => flags.setValue(flag, value),
    asked: flags.asked,
    clear: () => flags.clear(),
  };
}
