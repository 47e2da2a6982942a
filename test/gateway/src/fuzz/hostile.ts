import fc from 'fast-check';

/** Words that mean something here, so that what is generated gets further than the first check. */
export const knownText: fc.Arbitrary<string> = fc.constantFrom(
  'acme',
  'globex',
  'ana',
  'copilot',
  'ai.copilot',
  'ai.copilot.v1',
  'plain',
  'plain.off',
  'plain:string',
  'ai.copilot:object',
  'tenantId',
  'targetingKey',
  'tier',
  'pro',
  'region',
  'labels',
  'aiOptOut',
  'complexity',
  'confidence',
  'requestId',
  'consentRevision',
  'opt_in',
  'suggestion',
  '0',
  '',
);

/** Text that somebody would send to see what happens. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '\u0000',
    'a\u0000b',
    '\uD800',
    '\u202Eevil',
    '..',
    '../../etc/passwd',
    '%00',
    '%2e%2e%2f',
    "' OR 1=1 --",
    '#{7*7}',
    '{{7*7}}',
    '<script>alert(1)</script>',
    'NaN',
    'Infinity',
    '-1',
    '1e999',
    '\r\nx-injected: yes',
    '𝒳'.repeat(200),
    '*',
    ':tenant',
    'a:b:c',
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.integer({ min: 100, max: 20_000 }).map((length) => 'x'.repeat(length)),
);

const deep = fc.integer({ min: 5, max: 60 }).chain((depth) =>
  fc.constantFrom('array', 'object').map((kind) => {
    let value: unknown = 1;
    for (let at = 0; at < depth; at += 1) value = kind === 'array' ? [value] : { a: value };
    return value;
  }),
);

/** JSON that nobody asked for. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -0,
    -1,
    1e308,
    2 ** 53,
    0.1,
    [],
    {},
    [[]],
    [null],
    { length: -1 },
    { toString: 1 },
  ),
  fc.jsonValue({ maxDepth: 4 }),
  deep,
  fc.array(fc.integer(), { minLength: 500, maxLength: 2_000 }),
  fc.dictionary(fc.string(), fc.integer(), { minKeys: 100, maxKeys: 200 }),
);

/** Text that is no JSON, or more than one takes. */
export const brokenBody: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    '{"context":',
    '[1,',
    '{"a":1}}',
    'undefined',
    "{'a':1}",
    '\uFEFF{}',
    '{"__proto__":{"admin":true}}',
    '{"context":{"__proto__":{"tenantId":"acme"}}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"a":1e99999}',
    '"\\ud800"',
    `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
    `"${'x'.repeat(300_000)}"`,
    `{${Array.from({ length: 5_000 }, (_, at) => `"k${at}":${at}`).join()}}`,
  ),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

/** Bytes that are hardly HTTP. */
export const rawRequest: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/9.9\r\nhost: x\r\n\r\n',
    'GET  /healthz HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET /\u0000 HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET http://evil.example.com/healthz HTTP/1.1\r\nhost: x\r\n\r\n',
    'BREW /healthz HTTP/1.1\r\nhost: x\r\n\r\n',
    'POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
    'POST /v1/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    'GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: b\u0000c\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
    'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
  ),
  fc.string({ unit: 'binary', maxLength: 100 }).map((text) => `${text}\r\n\r\n`),
);
