import { type GatewayConfiguration, readConfiguration } from '@rampart/gateway';
import { problemsOf } from './layers.js';

type Content = Record<string, unknown>;

/** Stand for settings that are missing, so that the others can be tried. Nothing is sent with them. */
const PLACEHOLDERS = { url: 'http://127.0.0.1:1/api', token: 'none', secret: 'none'.repeat(8) } as const;

/** The configuration without the parts that can't be used. They have their defaults; what has none, a placeholder. */
export function usableConfiguration(content: Readonly<Content>): GatewayConfiguration {
  let usable = complete(structuredClone(content) as Content);
  for (let problems = problemsOf(usable); problems.length > 0; problems = problemsOf(usable)) {
    // From the end, or the entries of a list would move.
    for (const { field } of problems.toReversed()) remove(usable, field.split('.'));
    usable = complete(usable);
  }
  return readConfiguration(usable);
}

function complete(content: Content): Content {
  const { unleash, secret = PLACEHOLDERS.secret } = content;
  const { url, token } = PLACEHOLDERS;
  const isObject = typeof unleash === 'object' && unleash !== null && !Array.isArray(unleash);
  return {
    ...content,
    secret,
    unleash: isObject || unleash === undefined ? { url, token, ...unleash } : { url, token },
  };
}

/** Removes the part that a path names, or the deepest part above it that is there. */
function remove(content: Content, [first = '', ...rest]: readonly string[]): void {
  const value = content[first];
  const next = rest[0];
  if (next !== undefined && typeof value === 'object' && value !== null && Object.hasOwn(value, next))
    remove(value as Content, rest);
  else if (Array.isArray(content)) content.splice(Number(first), 1);
  else delete content[first];
}
