/**
 * JSON that is the same for the same content: members and the entries of maps in the order of their names, so that two
 * processes which learned it on different ways write the same.
 */
export function canonical(value: unknown): string {
  if (isMap(value)) return canonical(Object.fromEntries(value));
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .filter((name) => (value as Record<string, unknown>)[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical((value as Record<string, unknown>)[name])}`);
  return `{${members.join(',')}}`;
}

// A large map of the control state is no Map of JavaScript's own.
function isMap(value: unknown): value is ReadonlyMap<string, unknown> {
  return typeof value === 'object' && value !== null && 'entries' in value && 'size' in value && 'get' in value;
}
