import { Refusal } from '../service/refusal.js';

type Stated = Record<string, unknown>;

/** Fields that an Unleash context holds beside its properties. */
const FIELDS: ReadonlySet<string> = new Set([
  'userId',
  'sessionId',
  'appName',
  'environment',
  'remoteAddress',
  'currentTime',
]);
const PROPERTY = /^properties\[(.{1,256})\]$/s;

/**
 * The context of a query: `userId=ada&properties[plan]=pro`. What is no field of a context is a property.
 *
 * @param address where the request comes from, unless the context says so itself
 */
export function contextOfQuery(query: Stated, address: string | undefined): Stated {
  const stated: Stated = { remoteAddress: address };
  for (const name of Object.keys(query)) {
    if (name === 'flagConfigEtag') continue;
    const given = query[name];
    const value = Array.isArray(given) ? given.at(-1) : given;
    const property = PROPERTY.exec(name)?.[1];
    if (property === undefined) addField(stated, name, value);
    else addProperty(stated, property, value);
  }
  return stated;
}

/** The context of a body: `{ context: { userId, properties: { plan } } }`. */
export function contextOfBody(body: unknown, address: string | undefined): Stated {
  const context = isObject(body) ? (body['context'] ?? {}) : undefined;
  if (!isObject(context)) throw new Refusal(400, 'INVALID_CONTEXT', 'send an object with a context');
  const stated: Stated = { remoteAddress: address };
  const properties = context['properties'];
  if (isObject(properties)) for (const name of Object.keys(properties)) addProperty(stated, name, properties[name]);
  for (const name of Object.keys(context)) if (name !== 'properties') addField(stated, name, context[name]);
  return stated;
}

// The user is OpenFeature's targeting key. A property that is named so is not: it would say who somebody is.
function addField(stated: Stated, name: string, value: unknown): void {
  if (!FIELDS.has(name)) {
    addProperty(stated, name, value);
    return;
  }
  if (value === undefined || value === null || value === '') return;
  stated[name] = value;
  if (name === 'userId') stated['targetingKey'] = value;
}

function addProperty(stated: Stated, name: string, value: unknown): void {
  if (!RESERVED.has(name) && !FIELDS.has(name)) stated[name] = value;
}

const RESERVED: ReadonlySet<string> = new Set(['targetingKey', 'properties', '__proto__']);

function isObject(value: unknown): value is Stated {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
