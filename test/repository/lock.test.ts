import { expect, it } from 'vitest';
import { installedPackages, type LockedPackage } from '../../scripts/installed-packages.mjs';
import { read } from './files.js';

const text = read('package-lock.json');
const { packages: locked } = JSON.parse(text) as { readonly packages: Readonly<Record<string, LockedPackage>> };
/** The oldest Node that the manifests promise. */
const FLOOR = [20, 19, 0];

it('the lock file names no registry', () => {
  expect(text.match(/"resolved": "[a-z+]+:/g)).toBeNull();
});

it('everything that an installation of the published packages brings runs on the oldest Node that they promise', () => {
  const installed = installedPackages(locked);
  expect(installed.size).toBeGreaterThan(50);
  const refused = [...installed].filter((at) => !allows(locked[at]?.engines?.node ?? '*', FLOOR));
  expect(refused.map((at) => `${at} ${locked[at]?.version} asks for Node ${locked[at]?.engines?.node}`)).toEqual([]);
});

it.each([
  ['*', true],
  ['>=20', true],
  ['>= 0.6', true],
  ['>=20.19.0', true],
  ['>=20.20', false],
  ['>=22', false],
  ['18 || 20 || >=22', true],
  ['^18.18.0 || ^20.9.0 || >=21', true],
  ['^22 || >=24', false],
  ['>=18 <20', false],
  ['>=8.0.0 <23', true],
  ['20.x', true],
  ['~20.19.0', true],
  ['20.18.0', false],
] as const)('engines.node %s: accepts the oldest Node: %s', (range, isAccepted) => {
  expect(allows(range, FLOOR)).toBe(isAccepted);
});

/** Whether a range of versions, as `engines` writes it, holds a version. Throws for a form that it doesn't know. */
function allows(range: string, version: readonly number[]): boolean {
  return range.split('||').some((part) =>
    part
      .trim()
      .replaceAll(/([<>=~^])\s+/g, '$1')
      .split(/\s+/)
      .every((comparator) => fits(comparator, version)),
  );
}

function fits(comparator: string, version: readonly number[]): boolean {
  if (comparator === '*' || comparator === '') return true;
  const [, operator = '', numbers = ''] = /^(>=|>|<=|<|=|\^|~)?v?(\d+(?:\.(?:\d+|x|\*))*)/.exec(comparator) ?? [];
  if (numbers === '') throw new Error(`engines.node: the form ${comparator} is unknown`);
  const parts = numbers
    .split('.')
    .filter((part) => /^\d+$/.test(part))
    .map(Number);
  const order = compared(version, parts);
  const isWithin = (length: number) => parts.slice(0, length).every((part, index) => part === version[index]);
  if (operator === '>=') return order >= 0;
  if (operator === '>') return order > 0;
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0 || isWithin(parts.length);
  if (operator === '^') return order >= 0 && isWithin(1);
  if (operator === '~') return order >= 0 && isWithin(2);
  return isWithin(parts.length);
}

function compared(version: readonly number[], parts: readonly number[]): number {
  for (const [index, part] of version.entries()) {
    const difference = part - (parts[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
