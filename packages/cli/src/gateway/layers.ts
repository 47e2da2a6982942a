import { type ConfigurationProblem, isConfigurationError, readConfiguration } from '@rampart/gateway';
import type { Sourced } from '../settings.js';
import type { ConfigurationFile } from './configuration-file.js';

/** The place of a setting. */
export type Path = readonly [string] | readonly [string, string];
type Content = Record<string, unknown>;

/** A configuration, and the source of each part of it: a file, an option or a variable. */
export class Layers {
  readonly #content: Content;
  readonly #sources = new Map<string, Sourced>();
  readonly #file: string;

  constructor(file: ConfigurationFile | undefined) {
    this.#content = structuredClone({ ...file?.content });
    this.#file = file?.source ?? 'the configuration';
  }

  get content(): Readonly<Content> {
    return this.#content;
  }

  get([first, second]: Path): unknown {
    const value = this.#content[first];
    return second === undefined ? value : isSettings(value) ? value[second] : undefined;
  }

  /** Where settings belong and the file has a text or a list, the file's stays: it is a problem of its own. */
  set([first, second]: Path, sourced: Sourced, value: unknown): void {
    const within = this.#content[first] ?? {};
    if (second === undefined) this.#content[first] = value;
    else if (isSettings(within)) this.#content[first] = { ...within, [second]: value };
    else return;
    this.#sources.set(second === undefined ? first : `${first}.${second}`, sourced);
  }

  /** Whether the file has something else where these settings belong. */
  isMisplaced(place: string): boolean {
    return this.#content[place] !== undefined && !isSettings(this.#content[place]);
  }

  problems(): readonly ConfigurationProblem[] {
    return problemsOf({ unleash: {}, ...this.#content });
  }

  /** A problem in the words of the command line: source, value and fix. */
  describe({ field, value, fix }: ConfigurationProblem): string {
    // An entry of a list has the source of the list.
    const sourced = this.#sources.get(field.replace(/\.\d+$/, ''));
    if (sourced === undefined) return `${this.#file}: ${field === '' ? '' : `${field}${assigned(value)}: `}${fix}`;
    const { source, value: text } = sourced;
    // As it was written: an address has /api at its end by now.
    return `${source}${assigned(value && !text.includes('@') ? JSON.stringify(text) : undefined)}: ${fix}`;
  }
}

/** Every problem that the gateway finds in a configuration. */
export function problemsOf(content: unknown): readonly ConfigurationProblem[] {
  try {
    readConfiguration(content);
    return [];
  } catch (error) {
    if (!isConfigurationError(error)) throw error;
    return error.problems;
  }
}

const assigned = (value: string | undefined): string => (value === undefined ? '' : ` = ${value}`);

const isSettings = (value: unknown): value is Content =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
