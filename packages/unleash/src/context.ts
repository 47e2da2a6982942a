import { type Attributes, idText, isSafeId, type Subject } from '@rampart/core';
import type { Context } from 'unleash-client';

/** A context that has its properties in an object of its own. */
export type UnleashContext = Context & { properties: Record<string, string | number> };

/**
 * Maps an evaluation context to Unleash's: `targetingKey` is the userId, Unleash's own fields keep their names, the rest are
 * properties. A safe integer as an id is its text; any other number as an id is left out. Lists become comma-separated
 * text, dates ISO 8601, booleans text; other objects are left out.
 */
export function unleashContext(attributes: Attributes): UnleashContext {
  const context: UnleashContext = { properties: {} };
  for (const name of Object.keys(attributes)) addAttribute(context, name, attributes[name]);
  addAttribute(context, 'targetingKey', attributes['targetingKey']);
  return context;
}

function addAttribute(context: UnleashContext, name: string, value: unknown): void {
  switch (name) {
    case 'properties':
      addProperties(context.properties, value);
      return;
    case 'currentTime':
      addTime(context, value);
      return;
    case 'targetingKey':
      addKey(context, value);
      return;
    // Fields that Unleash's context holds beside `properties`.
    case 'userId':
    case 'sessionId':
    case 'remoteAddress':
    case 'environment':
    case 'appName':
      setKnown(context, name, value);
      return;
    default:
      addProperty(context.properties, name, value);
  }
}

function addKey(context: UnleashContext, value: unknown): void {
  const id = idText(value);
  if (id !== undefined) context.userId = id;
}

// A number that isn't exact would be another user's, session's or tenant's.
function isInexactId(name: string, value: unknown): boolean {
  return typeof value === 'number' && !isSafeId(value) && IDS.has(name);
}

const IDS: ReadonlySet<string> = new Set(['userId', 'sessionId', 'tenantId']);

function setKnown(context: UnleashContext, name: string, value: unknown): void {
  const text = isInexactId(name, value) ? undefined : plain(value);
  if (text !== undefined) context[name] = String(text);
}

function addTime(context: UnleashContext, value: unknown): void {
  const time =
    value instanceof Date
      ? value
      : typeof value === 'string' || typeof value === 'number'
        ? new Date(value)
        : undefined;
  if (time !== undefined && !Number.isNaN(time.getTime())) context.currentTime = time;
}

function addProperties(properties: Record<string, string | number>, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [name, inner] of Object.entries(value)) addProperty(properties, name, inner);
}

function addProperty(properties: Record<string, string | number>, name: string, value: unknown): void {
  const text = isInexactId(name, value) ? undefined : plain(value);
  if (text !== undefined && name !== '__proto__') properties[name] = text;
}

function plain(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return listText(value);
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined;
}

/** The context of a subject for an operator's constraints: what the caller passed, and the facts under their own names. */
export function subjectContext(subject: Subject, fixed: Context): UnleashContext {
  const context = unleashContext(subject.attributes);
  for (const name of FACTS) addFact(context, subject, name, fixed);
  return context;
}

/** The fields that a rule reads, to be passed to {@link addFields}. */
export function fieldsOf(names: readonly string[]): readonly string[] {
  const fields = new Set(names);
  if (!fields.delete('userId')) return [...fields];
  // In this order: the key goes before a field of that name.
  fields.delete('targetingKey');
  return [...fields, 'userId', 'targetingKey'];
}

/**
 * Adds to a subject's context the fields that a rule reads, as {@link subjectContext} would hold them: copying every
 * attribute costs more than all gates together.
 */
export function addFields(context: UnleashContext, subject: Subject, fields: readonly string[], fixed: Context): void {
  const { attributes } = subject;
  for (const name of fields) {
    if (Object.hasOwn(attributes, name)) addAttribute(context, name, attributes[name]);
    addFact(context, subject, name === 'targetingKey' ? 'userId' : name, fixed);
  }
}

const FACTS = ['userId', 'tenantId', 'tier', 'region', 'cohorts', 'labels', 'appName', 'environment'] as const;

function addFact(context: UnleashContext, subject: Subject, name: string, fixed: Context): void {
  switch (name) {
    case 'userId':
      if (subject.userId !== undefined) context.userId = subject.userId;
      return;
    case 'tenantId':
      addProperty(context.properties, name, subject.tenantId);
      return;
    case 'tier':
    case 'region':
    case 'cohorts':
    case 'labels':
      addProperty(context.properties, name, subject.stated[name]);
      return;
    case 'appName':
    case 'environment':
      context[name] ??= fixed[name] as string;
  }
}

// As `join` writes it, which looks for cycles and costs more than everything else here; and nothing can make this throw.
function listText(list: readonly unknown[]): string {
  let text = '';
  for (const [index, entry] of list.entries()) {
    const item = typeof entry === 'string' ? entry : primitiveText(entry);
    text = index === 0 ? item : `${text},${item}`;
  }
  return text;
}

function primitiveText(entry: unknown): string {
  return typeof entry === 'number' || typeof entry === 'boolean' ? String(entry) : '';
}
