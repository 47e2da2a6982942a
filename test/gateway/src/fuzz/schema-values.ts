import fc from 'fast-check';
import { hostileJson, hostileText, knownText } from './hostile.js';

/** A JSON schema as an OpenAPI 3.1 document has it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

type Values = fc.Arbitrary<unknown>;

/** Values that a schema allows, or nearly: about one part in twelve is something else. */
export function valuesOf(schema: Schema): Values {
  return fc.oneof({ weight: 11, arbitrary: fitting(schema) }, { weight: 1, arbitrary: hostileJson });
}

function fitting(schema: Schema): Values {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined && schema.enum.length > 0) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined && choices.length > 0) return fc.oneof(...choices.map(valuesOf));
  if (schema.allOf !== undefined)
    return fc.tuple(...schema.allOf.map(fitting)).map((parts) => Object.assign({}, ...parts) as unknown);
  const [type, ...others] = [schema.type ?? 'any'].flat();
  if (others.length > 0) return fc.oneof(...[type, ...others].map((one) => ofType(one ?? 'any', schema)));
  return ofType(type ?? 'any', schema);
}

function ofType(type: string, schema: Schema): Values {
  const { minimum = -1e9, maximum = 1e9 } = schema;
  switch (type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer({ min: Math.max(minimum, -(2 ** 31)), max: Math.min(maximum, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ min: minimum, max: maximum, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}), {
        minLength: Math.min(schema.minItems ?? 0, 5),
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? 5, 5)),
      });
    case 'object':
      return objectOf(schema);
    default:
      return fc.oneof(knownText, fc.jsonValue());
  }
}

function textOf({ pattern, minLength = 0, maxLength = 40 }: Schema): Values {
  if (pattern !== undefined) return fc.oneof(matching(pattern), knownText);
  const plain = fc.string({
    minLength: Math.min(minLength, 300),
    maxLength: Math.max(minLength, Math.min(maxLength, 300)),
  });
  return fc.oneof(
    { weight: 3, arbitrary: knownText },
    { weight: 2, arbitrary: plain },
    { weight: 1, arbitrary: hostileText },
  );
}

function matching(pattern: string): Values {
  try {
    return fc.stringMatching(new RegExp(pattern));
  } catch {
    // What looks ahead can't be generated.
    return knownText;
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema): Values {
  const known = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valuesOf(schema)]));
  const present = required.filter((name) => Object.hasOwn(known, name));
  const record = fc.record(known, { requiredKeys: present }) as Values;
  if (additionalProperties === false || additionalProperties === undefined) return record;
  const more = additionalProperties === true ? {} : additionalProperties;
  return fc
    .tuple(record, fc.dictionary(fc.oneof(knownText, hostileText), valuesOf(more), { maxKeys: 4 }))
    .map(([one, other]) => ({ ...other, ...(one as object) }));
}
