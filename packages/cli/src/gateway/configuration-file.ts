import { type Document, type ErrorCode, parseDocument, type YAMLError } from 'yaml';
import { misused, UsageError } from '../failure.js';
import { readText } from '../input/files.js';
import type { Problems } from './problems.js';

/** A configuration as it was written, unchecked, and the option or variable that named its file. */
export interface ConfigurationFile {
  readonly source: string;
  /** Undefined where the file can't be read. */
  readonly content: Readonly<Record<string, unknown>> | undefined;
}

/** Reads YAML, or JSON, which is YAML too. A problem names the file and the line, and repeats no value. */
export function readConfigurationFile(option: string, path: string, problems: Problems): ConfigurationFile {
  const source = `${option} ${JSON.stringify(path)}`;
  return { source, content: problems.attempt(undefined, () => read(option, path, source, problems)) };
}

function read(option: string, path: string, source: string, problems: Problems): Readonly<Record<string, unknown>> {
  const text = readText(option, path);
  const document = parseDocument(text, { logLevel: 'silent', prettyErrors: true, uniqueKeys: true });
  const messages = document.errors.map((error) => `${source}${placeOf(error)}: ${reasonOf(error, text)}`);
  // What else is wrong with such a file can still be told.
  if (!document.errors.every(({ code }) => code === REPEATED)) throw new UsageError(...messages);
  for (const message of messages) problems.add(message);
  const content = contentOf(source, document) ?? {};
  if (typeof content !== 'object' || Array.isArray(content))
    misused(`${source}: write settings, one a line, e.g. port: 8080`);
  return content as Readonly<Record<string, unknown>>;
}

const REPEATED: ErrorCode = 'DUPLICATE_KEY';

const placeOf = ({ linePos }: YAMLError): string => (linePos ? `, line ${linePos[0].line}` : '');

function reasonOf({ code, pos }: YAMLError, text: string): string {
  if (code !== REPEATED) return `no valid YAML (${code})`;
  const name = /^["']?([\w.-]+)/.exec(text.slice(pos[0]))?.[1] ?? 'a name';
  return `${name} is written twice: keep one of them`;
}

/** Aliases that name each other many times over would fill the memory. */
function contentOf(source: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch {
    return misused(`${source}: its aliases name too much; write it out`);
  }
}
