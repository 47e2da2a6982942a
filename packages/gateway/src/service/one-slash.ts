/**
 * The URL of a request with each run of slashes in its path as one. A client whose base URL ends in a slash asks for
 * `//ofrep/v1/...`. It is rewritten before a route is looked for: the route that is authorised is the one that is served.
 * The query and percent-encoded slashes, which belong to ids, stay.
 */
export function withSingleSlashes(url: string): string {
  if (!url.includes('//') || !url.startsWith('/')) return url;
  const end = url.indexOf('?');
  const path = end === -1 ? url : url.slice(0, end);
  return `${path.replace(/\/{2,}/g, '/')}${url.slice(path.length)}`;
}
