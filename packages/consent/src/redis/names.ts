/** Where the value of a tenant is kept. In a cluster each lies by itself: braces, which would change that, are escaped. */
export function tenantKey(environment: string, tenantId: string): string {
  return `rampart:${escaped(environment)}:tenant:${escaped(tenantId)}`;
}

/** A channel, or a key, that lies where all the others of its environment do. */
export function channelOf(environment: string, name: string): string {
  return `rampart:{${escaped(environment)}}:${name}`;
}

// Half a character, which the encoding refuses, is written with what else only stands where the encoding put it.
function escaped(text: string): string {
  return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[^A-Za-z0-9_.-]/g, (character) =>
    character.length === 1 && /[\uD800-\uDFFF]/.test(character)
      ? `%u${character.charCodeAt(0).toString(16)}`
      : encodeURIComponent(character),
  );
}
