import { expect } from 'vitest';
import type { Expectation, Row } from './table.js';

/** A way of asking a row's question. Every row goes through every door, with the same expectations. */
export interface Door {
  readonly name: string;
  /** What it needs before the first question. */
  open?(): Promise<void>;
  close?(): Promise<void>;
  /** Asks, and expects what the row says. */
  check(row: Row): void | Promise<void>;
}

type Answer = Readonly<Record<string, unknown>>;

/** Expects what a row says of a decision: the keys it names, each compared whole, and what holds of every decision. */
export function expectDecision(decision: Answer, expected: Expectation): void {
  const { reason: _reason, errorCode: _code, problem: _problem, exposed: _exposed, ...keys } = expected;
  const wanted = Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [key, value === null ? undefined : value]),
  );
  const found = Object.fromEntries(Object.keys(wanted).map((key) => [key, decision[key]]));
  expect(found).toEqual(wanted);
  expectConsistent(decision);
}

function expectConsistent({ outcome, enabled, gate, detail, paywall, message, shadow }: Answer): void {
  expect(enabled).toBe(outcome === 'enabled');
  expect(gate === 'open').toBe(enabled);
  expect(detail === undefined).toBe(enabled);
  expect(paywall !== undefined).toBe(outcome === 'paywall');
  expect(message !== undefined).toBe(outcome === 'unavailable');
  expect(Array.isArray(shadow)).toBe(true);
}
