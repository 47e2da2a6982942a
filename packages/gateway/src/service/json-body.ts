import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { App } from '../gateway.js';
import { Refusal } from './refusal.js';

/** Deeper than any body that is meant; what walks a body may so do it in steps of itself. */
const MAX_DEPTH = 64;

/** Reads bodies as JSON of bounded depth. `__proto__` and `constructor.prototype` in one are refused. */
export function readJsonBodies(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  // Many clients send a content type with every request. Without a body it means nothing.
  app.addHook('onRequest', (request, _reply, done) => {
    if (hasNoBody(request.headers) && takesNoBody(request)) delete request.headers['content-type'];
    done();
  });
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    // An empty body whose length the headers don't tell.
    if (body === '' && takesNoBody(request)) return done(null, undefined);
    if (isTooDeep(body)) return done(new Refusal(400, 'invalid_json', 'the body is nested too deeply'));
    const value = SUSPICIOUS.test(body) ? undefined : tryParse(body);
    if (value !== undefined) return done(null, value);
    void parse(request, body, done);
  });
}

/** Also true of a path that is no route: the answer is 404 or 405, not that a body is missing. */
const takesNoBody = ({ routeOptions }: FastifyRequest): boolean => routeOptions.schema?.body === undefined;

const hasNoBody = ({ 'content-length': length, 'transfer-encoding': encoding }: IncomingHttpHeaders): boolean =>
  encoding === undefined && (length === undefined || length === '0');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What may write a key that is refused. Nearly no body has any of it, and needs no search through its keys. */
const SUSPICIOUS = /\\|__proto__|constructor/;

/** Undefined where it is no JSON: the parser that reports errors reads it again. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (isString) {
      if (character === BACKSLASH) at += 1;
      else if (character === QUOTE) isString = false;
    } else if (character === QUOTE) isString = true;
    // The brackets [ and { differ in one bit, as ] and } do.
    else if ((character | 0x20) === 0x7b) depth += 1;
    else if ((character | 0x20) === 0x7d) depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
