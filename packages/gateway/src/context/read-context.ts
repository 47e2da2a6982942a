import {
  type Attributes,
  type ContextNames,
  DEFAULT_CONTEXT_NAMES,
  entriesOf,
  foldFact,
  isSafeId,
} from '@rampart/core';
import type { Identity, Principal } from '../access/principal.js';
import { Refusal } from '../service/refusal.js';
import { type Bounds, checkBounds } from './bounds.js';

/** What one request is evaluated for. */
export interface ReadContext {
  /** What AI flags see: nothing that the caller could have made up. */
  readonly ai: Attributes;
  /** What ordinary flags see. The same object where that is the same. */
  readonly plain: Attributes;
}

/** Options of {@link ContextReader}. */
export interface ContextReaderOptions {
  readonly limits: Bounds;
  readonly contextNames?: Partial<ContextNames> | undefined;
}

type Fact = keyof ContextNames;

/** Facts that tokens tell. What a token doesn't tell, nobody but a service states. */
const CLAIMED = ['userId', 'tenantId', 'tier', 'region', 'labels', 'cohorts'] as const;
type Claimed = (typeof CLAIMED)[number];

/** Facts that only a service knows of its request. */
const OF_A_REQUEST = ['complexity', 'confidence', 'requestId'] as const;

/** Facts that name somebody or something: a number that isn't exact would name another. */
const IDS = ['userId', 'tenantId', 'requestId'] as const;

/** Turns what a caller states into what its flags are evaluated for: a service is believed, anybody else's token is. */
export class ContextReader {
  readonly #bounds: Bounds;
  readonly #names: ContextNames;
  /** Attribute → the fact that constraints would take it for. */
  readonly #guarded: ReadonlyMap<string, Fact>;
  /** Attributes that hold an id. */
  readonly #ids: readonly string[];

  constructor({ limits, contextNames }: ContextReaderOptions) {
    this.#bounds = limits;
    this.#names = { ...DEFAULT_CONTEXT_NAMES, ...contextNames };
    const guarded = new Map<string, Fact>([['userId', 'userId']]);
    for (const fact of [...CLAIMED, ...OF_A_REQUEST]) {
      guarded.set(DEFAULT_CONTEXT_NAMES[fact], fact);
      guarded.set(this.#names[fact], fact);
    }
    this.#guarded = guarded;
    const ids = IDS.flatMap((fact) => [DEFAULT_CONTEXT_NAMES[fact], this.#names[fact]]);
    this.#ids = [...new Set([...ids, 'userId', 'sessionId'])];
  }

  /**
   * @param address where the request comes from, for ordinary flags of pages that don't state it
   * @throws Refusal 400 INVALID_CONTEXT that names the field: too much, a number that is no exact id, or what contradicts
   *   the caller's token
   */
  read(principal: Principal, stated: unknown = {}, address?: string): ReadContext {
    checkBounds(stated, this.#bounds);
    this.#refuseInexactIds(stated, 'context');
    if (isObject(stated['properties'])) this.#refuseInexactIds(stated['properties'], 'context.properties');
    if (principal.kind === 'service' || principal.kind === 'operator') return { ai: stated, plain: stated };
    const { identity } = principal;
    return identity === undefined ? this.#anonymous(stated, address) : this.#identified(stated, identity, address);
  }

  // Ordinary flags see what stock Unleash would let them see. AI flags see nothing that tells who somebody is.
  #anonymous(stated: Attributes, address: string | undefined): ReadContext {
    const ai = this.#withoutFacts(stated);
    ai['remoteAddress'] = address;
    return { ai, plain: withAddress(stated, address) };
  }

  #identified(stated: Attributes, identity: Identity, address: string | undefined): ReadContext {
    this.#refuseContradictions(stated, identity);
    if (isObject(stated['properties'])) this.#refuseContradictions(stated['properties'], identity);
    const ai = this.#withoutFacts(stated);
    ai['remoteAddress'] = address;
    const claims = this.#claims(identity, stated);
    return { ai: Object.assign(ai, claims), plain: { ...withAddress(stated, address), ...claims } };
  }

  #withoutFacts(stated: Attributes): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    for (const name of Object.keys(stated)) {
      if (this.#guarded.has(name) || name === 'currentTime' || name === '__proto__') continue;
      const value = stated[name];
      kept[name] = name === 'properties' && isObject(value) ? this.#withoutFacts(value) : value;
    }
    return kept;
  }

  #claims(identity: Identity, stated: Attributes): Record<string, unknown> {
    const claims: Record<string, unknown> = {};
    for (const fact of CLAIMED) if (identity[fact] !== undefined) claims[this.#names[fact]] = identity[fact];
    if (identity.aiOptOut) claims[this.#names.aiOptOut] = true;
    else if (this.#names.aiOptOut in stated) claims[this.#names.aiOptOut] = stated[this.#names.aiOptOut];
    return claims;
  }

  // JSON rounds such a number before anybody sees its digits.
  #refuseInexactIds(stated: Attributes, where: string): void {
    for (const name of this.#ids) {
      const value = stated[name];
      if (typeof value !== 'number' || isSafeId(value)) continue;
      const fix = 'send an id as text, or as a whole number from -9007199254740991 to 9007199254740991';
      throw new Refusal(400, 'INVALID_CONTEXT', `${where}.${name}: ${fix}`);
    }
  }

  #refuseContradictions(stated: Attributes, identity: Identity): void {
    for (const name of Object.keys(stated)) {
      const fact = this.#guarded.get(name);
      if (fact === undefined || agrees(stated[name], identity, fact)) continue;
      throw new Refusal(400, 'INVALID_CONTEXT', `context.${name}: leave it out: the token of the user says it`);
    }
  }
}

function agrees(value: unknown, identity: Identity, fact: Fact): boolean {
  if (!(CLAIMED as readonly Fact[]).includes(fact)) return false;
  const claimed = identity[fact as Claimed];
  if (claimed === undefined) return false;
  if (typeof claimed === 'string') {
    if (value === claimed) return true;
    // Ids compare exactly.
    return (fact === 'tier' || fact === 'region') && typeof value === 'string' && foldFact(value) === foldFact(claimed);
  }
  const [entries, known] = [entriesOf(value), entriesOf(claimed)];
  if (entries === undefined || known === undefined) return false;
  return entries.length === known.length && entries.every((entry) => known.includes(entry));
}

function withAddress(stated: Attributes, address: string | undefined): Attributes {
  return address === undefined || stated['remoteAddress'] !== undefined
    ? stated
    : { ...stated, remoteAddress: address };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
