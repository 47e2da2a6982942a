import { describeProblem, type Parsed, type StrategyDefinition } from '@rampart/core';
import { invalid } from './admin-api-error.js';

/** Values of strategy parameters; lists may be arrays. What is left out is written as unset (`""`). */
export type ParameterValues = Readonly<Record<string, string | number | readonly string[]>>;

/** Every parameter of a strategy as text, so that nothing is left to a form's prefilled value. Refuses unknown names. */
export function parameterTexts(
  definition: StrategyDefinition,
  given: ParameterValues,
): Readonly<Record<string, string>> {
  const names = definition.parameters.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    invalid(`Cannot set ${definition.name}.${unknown}: there is no such parameter. Use one of ${names.join(', ')}.`);
  }
  return Object.fromEntries(names.map((name) => [name, asText(Object.hasOwn(given, name) ? given[name] : undefined)]));
}

/** Refuses parameters that would close the flag for being unreadable. */
export function checkParsed(flag: string, parsed: Parsed<unknown>): void {
  if (parsed.ok) return;
  invalid(`Cannot create "${flag}": ${parsed.problems.map(describeProblem).join('; ')}.`);
}

const asText = (value: ParameterValues[string] | undefined): string =>
  value === undefined ? '' : typeof value === 'object' ? value.join(',') : String(value);
