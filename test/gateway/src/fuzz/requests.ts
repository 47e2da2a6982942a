import fc from 'fast-check';
import { brokenBody, hostileJson, hostileText, knownText, rawRequest } from './hostile.js';
import { type Schema, valuesOf } from './schema-values.js';

/** The part of an OpenAPI document that requests are made from. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

/** What is sent: a request, or bytes. */
export type Sent =
  | {
      readonly kind: 'request';
      readonly route: string;
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | undefined;
    }
  | { readonly kind: 'raw'; readonly route: 'raw'; readonly bytes: string };

/** Headers by caller; the generator takes any for any route. */
export type Credentials = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Values of parameters that only the gateway knows: tickets, ids. */
export type KnownValues = Readonly<Record<string, readonly string[]>>;

/** Requests to every route of a document, by every caller: valid, nearly valid, hostile. */
export function requestsOf(document: Document, credentials: Credentials, known: KnownValues): fc.Arbitrary<Sent> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      operationRequests(path, method.toUpperCase(), operation, { credentials, known }),
    ),
  );
  return fc.oneof(
    { weight: 40, arbitrary: fc.oneof(...operations) },
    { weight: 1, arbitrary: rawRequest.map((bytes): Sent => ({ kind: 'raw', route: 'raw', bytes })) },
    { weight: 1, arbitrary: unknownPaths(credentials) },
  );
}

function operationRequests(
  path: string,
  method: string,
  operation: Operation,
  { credentials, known }: { readonly credentials: Credentials; readonly known: KnownValues },
) {
  const { parameters = [] } = operation;
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const query = parameters.filter((parameter) => parameter.in === 'query');
  return fc
    .record({
      method: mostly(
        fc.constant(method),
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'),
      ),
      path: pathsOf(path, known),
      query: queriesOf(query, known),
      body: schema === undefined ? mostly(fc.constant(undefined), anyBody) : bodiesOf(schema),
      headers: headersOf(credentials, callersOf(operation)),
    })
    .map((made): Sent => {
      const text = made.query === '' ? made.path : `${made.path}?${made.query}`;
      return {
        kind: 'request',
        route: `${method} ${path}`,
        method: made.method,
        path: text,
        headers: made.headers,
        body: made.body,
      };
    });
}

function unknownPaths(credentials: Credentials): fc.Arbitrary<Sent> {
  return fc
    .record({ method: fc.constantFrom('GET', 'POST'), text: hostileText, headers: headersOf(credentials) })
    .map(({ method, text, headers }) => ({
      kind: 'request',
      route: 'unknown',
      method,
      path: `/${encoded(text)}`,
      headers,
      body: undefined,
    }));
}

const mostly = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 14, arbitrary: usual }, { weight: 1, arbitrary: other });

function pathsOf(path: string, known: KnownValues): fc.Arbitrary<string> {
  const parts = path.split('/').map((part) => {
    if (!part.startsWith('{')) return fc.constant(part);
    const values = known[part.slice(1, -1)];
    if (values !== undefined) return mostly(fc.constantFrom(...values), hostileText.map(encoded));
    return mostly(knownText.filter((text) => text !== '').map(encodeURIComponent), hostileText.map(encoded));
  });
  return fc.tuple(...parts).map((all) => all.join('/'));
}

/** Encoded, or as it is where a client could send it so. */
function encoded(text: string): string {
  const short = text.slice(0, 2_000);
  if (/^[\w%.~:*-]+$/.test(short)) return short;
  return encodeURIComponent(short.replaceAll(/\p{Surrogate}/gu, '?'));
}

function queriesOf(parameters: NonNullable<Operation['parameters']>, known: KnownValues): fc.Arbitrary<string> {
  const declared = parameters.map(({ name, schema = {} }) => {
    const usual = known[name] === undefined ? valuesOf(schema) : fc.constantFrom(...known[name]);
    const text = usual.map((value) => `${name}=${encoded(typeof value === 'string' ? value : JSON.stringify(value))}`);
    return fc.option(text, { nil: '' });
  });
  const other = fc.tuple(hostileText, hostileText).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return fc
    .tuple(fc.tuple(...declared), mostly(fc.constant(''), other))
    .map(([usual, more]) => [...usual, more].filter((text) => text !== '').join('&'));
}

const anyBody: fc.Arbitrary<string | undefined> = hostileJson.map((value) => JSON.stringify(value));

function bodiesOf(schema: Schema): fc.Arbitrary<string | undefined> {
  return fc.oneof(
    { weight: 12, arbitrary: valuesOf(schema).map((value): string | undefined => JSON.stringify(value)) },
    { weight: 2, arbitrary: anyBody },
    { weight: 1, arbitrary: brokenBody },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

const CONTENT_TYPES = [
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'application/json; charset=utf-16',
  'a/b/c',
  '*',
  '',
];

/** Which callers each way to show who one is belongs to. */
const CALLERS: Readonly<Record<string, readonly string[]>> = {
  key: ['service', 'operator'],
  userToken: ['admin', 'operatorByToken'],
  frontendToken: ['page', 'user'],
};

/** Those whom a route may be for. */
function callersOf({ security = [] }: Operation): readonly string[] {
  return security.flatMap((scheme) => Object.keys(scheme).flatMap((name) => CALLERS[name] ?? []));
}

function headersOf(credentials: Credentials, likely: readonly string[] = []): fc.Arbitrary<Record<string, string>> {
  const headerText = hostileText.map((text) =>
    text
      .replaceAll(/[^\x20-\x7e\x80-\xff]/g, '')
      .trim()
      .slice(0, 9_000),
  );
  const odd = fc.record({
    name: fc.constantFrom(
      'authorization',
      'x-rampart-identity',
      'x-request-id',
      'if-none-match',
      'origin',
      'accept',
      'content-encoding',
      'x-forwarded-for',
      'host',
      'cookie',
      'range',
      'expect',
    ),
    value: headerText,
  });
  return fc
    .record({
      caller: fc.oneof(
        { weight: 1, arbitrary: fc.constantFrom(...Object.keys(credentials)) },
        { weight: likely.length === 0 ? 0 : 2, arbitrary: fc.constantFrom('nobody', ...likely) },
      ),
      type: mostly(fc.constant('application/json'), fc.constantFrom(...CONTENT_TYPES)),
      odd: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: odd }),
    })
    .map(({ caller, type, odd: strange }) => ({
      ...credentials[caller],
      'content-type': type,
      ...(strange === undefined ? {} : { [strange.name]: strange.value }),
    }));
}
