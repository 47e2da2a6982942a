import { DEFAULT_CONTEXT_NAMES, readSubject } from '@rampart/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addFields, fieldsOf, subjectContext, type UnleashContext, unleashContext } from './context.js';

const fixed = { appName: 'app', environment: 'production' };
const NAMES =
  'userId,targetingKey,sessionId,remoteAddress,appName,environment,currentTime,uid,tenantId,tier,region,cohorts,labels,plan,constructor,__proto__,toString,';
const name = fc.constantFrom(...NAMES.split(','));
const odd = fc.constantFrom(undefined, null, '', Number.NaN);
const value = fc.oneof(odd, fc.string(), fc.integer(), fc.boolean(), fc.date(), fc.array(fc.string()), fc.object());
const contexts = fc.dictionary(name, value, { noNullPrototype: false });

// As unleash-client reads a field of a context.
function read(context: UnleashContext, field: string): string | undefined {
  const found = (context[field] ?? context.properties[field]) as string | number | null | undefined;
  return found === undefined || found === null ? undefined : String(found);
}

test('a field that is added alone reads as it does in the whole context', () => {
  fc.assert(
    fc.property(contexts, fc.array(name), fc.constantFrom('targetingKey', 'uid'), (attributes, names, userId) => {
      const subject = readSubject(attributes, { ...DEFAULT_CONTEXT_NAMES, userId });
      const whole = subjectContext(subject, fixed);
      const lean: UnleashContext = { properties: {} };
      // Twice: rules share a context, and each adds what it reads.
      for (let times = 0; times < 2; times += 1) addFields(lean, subject, fieldsOf(names), fixed);
      for (const field of names) expect(read(lean, field)).toBe(read(whole, field));
    }),
    { numRuns: 5000 },
  );
});

test('a list is read as Unleash reads a list', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constant(''), odd, fc.integer())), (labels) => {
      expect(unleashContext({ labels }).properties['labels']).toBe(labels.join(','));
    }),
  );
});

test.each([Symbol('x'), Object.create(null), { toString: null }, [1]])(
  'a list that holds %o is mapped without it',
  (entry) => {
    expect(unleashContext({ labels: ['a', entry, 'b'] }).properties['labels']).toBe('a,,b');
  },
);

test.each([
  [42, '42'],
  [9007199254740992, undefined],
  [1e21, undefined],
  [4.5, undefined],
  [-0, undefined],
  [Number.NaN, undefined],
])('the number %s as targetingKey is the userId %j, for plain and AI flags alike', (targetingKey, userId) => {
  expect(unleashContext({ targetingKey }).userId).toBe(userId);
  expect(readSubject({ targetingKey }).userId).toBe(userId);
});

test('a number that is no exact id is left out, wherever an id stands', () => {
  const inexact = { userId: 1e21, sessionId: 4.5, tenantId: 9007199254740992, seats: 4.5 };
  expect(unleashContext({ ...inexact, properties: { tenantId: 1e21 } })).toEqual({ properties: { seats: 4.5 } });
});
