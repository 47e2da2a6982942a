import type { JsonValue } from '@rampart/core';
import { invalid } from './admin-api-error.js';
import type { RuleVariant } from './admin-types.js';

/** A variant of a change: what the service uses (model, prompt, ...). */
export interface NewVariant {
  readonly name: string;
  /** Text and numbers as they are, anything else as JSON. */
  readonly binding?: JsonValue;
  /**
   * Percent of the subjects, 0 to 100, in steps of 0.1.
   * @default an equal share of what the others leave
   */
  readonly weight?: number;
}

/** Variants as Unleash takes them; all of them hash the same field as the rule's rollout. */
export function changeVariants(variants: readonly NewVariant[], stickiness: string): readonly RuleVariant[] {
  const weights = thousandths(variants);
  // Unleash wants one that takes the rest; where every weight is given, the rest is what the last one has.
  const allGiven = variants.every(({ weight }) => weight !== undefined);
  return variants.map(({ name, binding, weight }, index) => ({
    name,
    weight: weights[index] ?? 0,
    weightType: weight === undefined || (allGiven && index === variants.length - 1) ? 'variable' : 'fix',
    stickiness,
    ...(binding === undefined ? {} : { payload: payloadOf(binding) }),
  }));
}

function thousandths(variants: readonly NewVariant[]): readonly number[] {
  const fixed = variants.map(({ weight }) => (weight === undefined ? undefined : Math.round(weight * 10)));
  const left = 1000 - fixed.reduce<number>((sum, weight) => sum + (weight ?? 0), 0);
  const open = fixed.filter((weight) => weight === undefined).length;
  const outside = variants.find(({ weight = 0 }) => !(weight >= 0 && weight <= 100));
  if (outside !== undefined)
    invalid(`Cannot use weight ${outside.weight} of variant "${outside.name}": it is a percentage, 0 to 100.`);
  if (variants.length > 0 && (left < 0 || (open === 0 && left !== 0))) {
    invalid(`Cannot use these weights: they add up to ${(1000 - left) / 10}%. Make it 100, or leave one of them out.`);
  }
  let rest = open === 0 ? 0 : left % open;
  return fixed.map((weight) => weight ?? Math.floor(left / open) + (rest-- > 0 ? 1 : 0));
}

function payloadOf(binding: JsonValue): { readonly type: string; readonly value: string } {
  if (typeof binding === 'string') return { type: 'string', value: binding };
  if (typeof binding === 'number') return { type: 'number', value: String(binding) };
  return { type: 'json', value: JSON.stringify(binding) };
}
