import { ControlInputError } from '@rampart/core';

/** @throws ControlInputError */
export function requireInteger(
  field: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return;
  const upTo = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  throw new ControlInputError(field, value, `use a whole number from ${min}${upTo}`);
}
