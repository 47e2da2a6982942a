import type { Attributes, Subject } from '@rampart/core';
import type { Context } from 'unleash-client';

/** Attributes that Unleash's context holds beside `properties`. */
const KNOWN: ReadonlySet<string> = new Set(['userId', 'sessionId', 'remoteAddress', 'environment', 'appName']);

/** A context that has its properties in an object of its own. */
export type UnleashContext = Context & { properties: Record<string, string | number> };

/**
 * Maps an evaluation context to Unleash's: `targetingKey` is the userId, Unleash's own fields keep their names, the rest are
 * properties. Lists become comma-separated text, dates ISO 8601, booleans text; other objects are left out.
 */
export function unleashContext(attributes: Attributes): UnleashContext {
  const properties: Record<string, string | number> = {};
  const context: UnleashContext = { properties };
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (name === 'properties') addProperties(properties, value);
    else if (name === 'currentTime') addTime(context, value);
    else if (KNOWN.has(name)) setKnown(context, name, value);
    else if (name !== 'targetingKey') addProperty(properties, name, value);
  }
  const key = attributes['targetingKey'];
  if (typeof key === 'string' && key !== '') context.userId = key;
  return context;
}

function setKnown(context: UnleashContext, name: string, value: unknown): void {
  const shown = plain(value);
  if (shown !== undefined) context[name] = String(shown);
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
  const shown = plain(value);
  if (shown !== undefined && name !== '__proto__') properties[name] = shown;
}

function plain(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.join(',');
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined;
}

/** The context of a subject for an operator's constraints: what the caller passed, and the facts under their own names. */
export function subjectContext(subject: Subject, fixed: Context): UnleashContext {
  const context = unleashContext(subject.attributes);
  const { properties } = context;
  if (subject.userId !== undefined) context.userId = subject.userId;
  if (subject.tenantId !== undefined) properties['tenantId'] = subject.tenantId;
  if (subject.tier !== undefined) properties['tier'] = subject.tier;
  if (subject.region !== undefined) properties['region'] = subject.region;
  addProperty(properties, 'cohorts', subject.cohorts);
  addProperty(properties, 'labels', subject.labels);
  context.appName ??= fixed.appName as string;
  context.environment ??= fixed.environment as string;
  return context;
}
