import { UsageError } from '../failure.js';

/** Problems of settings, gathered so that one run names all of them. */
export class Problems {
  readonly #messages: string[] = [];
  readonly #settings = new Set<string>();

  get messages(): readonly string[] {
    return this.#messages;
  }

  /** Dotted names of the settings that can't be used, e.g. `unleash.url`. */
  get settings(): readonly string[] {
    return [...this.#settings];
  }

  /** @param setting the one that can't be used because of it, if any */
  add(message: string, setting?: string): void {
    this.#messages.push(message);
    if (setting !== undefined) this.#settings.add(setting);
  }

  /** Marks a setting as unusable for a reason that is named elsewhere. */
  mark(setting: string): void {
    this.#settings.add(setting);
  }

  /** Whether a setting, or the whole that it belongs to, can't be used. */
  cover(setting: string): boolean {
    return this.settings.some((other) => other === setting || setting.startsWith(`${other}.`));
  }

  /** The result of `work`; undefined where it throws a UsageError, whose messages are kept. */
  attempt<T>(setting: string | undefined, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      for (const message of error.problems) this.add(message, setting);
      return undefined;
    }
  }
}

/** Whether one of `unusable` is `setting`, a part of it, or the whole that it belongs to. */
export function concerns(unusable: readonly string[], setting: string): boolean {
  return unusable.some(
    (other) => other === setting || other.startsWith(`${setting}.`) || setting.startsWith(`${other}.`),
  );
}
