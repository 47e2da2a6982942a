import { parseDocument } from 'yaml';
import { misused } from '../failure.js';
import { readText } from '../input/files.js';

/** A configuration as it was written, unchecked, and the option or variable that named its file. */
export interface ConfigurationFile {
  readonly source: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Reads YAML, or JSON, which is YAML too. Throws a `UsageError` that names the file and the line, and repeats nothing. */
export function readConfigurationFile(option: string, path: string): ConfigurationFile {
  const source = `${option} ${JSON.stringify(path)}`;
  const document = parseDocument(readText(option, path), { logLevel: 'silent', prettyErrors: true, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined)
    misused(`${source}${error.linePos ? `, line ${error.linePos[0].line}` : ''}: no valid YAML (${error.code})`);
  const content = contentOf(source, document) ?? {};
  if (typeof content !== 'object' || Array.isArray(content))
    misused(`${source}: write settings, one a line, e.g. port: 8080`);
  return { source, content: content as Readonly<Record<string, unknown>> };
}

/** Aliases that name each other many times over would fill the memory. */
function contentOf(source: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch {
    return misused(`${source}: its aliases name too much; write it out`);
  }
}
