import { hash } from 'node:crypto';
import {
  type Attributes,
  type ControlView,
  type FlagSnapshot,
  optedOutClasses,
  type TenantControl,
} from '@rampart/core';
import type { Inputs } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import type { GatewayConfiguration } from '../configuration.js';
import { canonical } from './canonical.js';

/** The flags of one moment. */
export interface FlagsDigest {
  readonly text: string;
  /** What rules compare the time with, in ms since 1970, earliest first: between two of them it changes nothing. */
  readonly moments: readonly number[];
}

/** Grows when answers change their form, so that what an older version answered doesn't count as unchanged. */
const FORM = 3;

/**
 * Says whether an answer would be the same as before without making it: digests of all that it is made from, of content
 * alone, so that every process says the same, and what is recorded of other tenants changes nothing.
 */
export class Digests {
  readonly #configuration: string;
  readonly #flags = new WeakMap<FlagSnapshot, FlagsDigest>();
  readonly #parts = new WeakMap<object, string>();

  constructor({ tiers, prefix, gates, contextNames, keys }: GatewayConfiguration) {
    this.#configuration = digest(canonical([FORM, tiers, prefix, gates, contextNames, keys]));
  }

  /** Undefined where a snapshot doesn't hold what the platform sent: then nothing can be said to be unchanged. */
  flags(snapshot: FlagSnapshot): FlagsDigest | undefined {
    const known = this.#flags.get(snapshot);
    if (known !== undefined || snapshot.definition === undefined) return known;
    const definitions = [...snapshot.names()].sort().map((name) => snapshot.definition?.(name));
    const text = definitions.map((definition) => JSON.stringify(definition)).join('\n');
    const made = { text: digest(text), moments: momentsOf(definitions) };
    this.#flags.set(snapshot, made);
    return made;
  }

  /** What is recorded of everybody and of one tenant, as far as it says something of this user. */
  control({ models, kills, modeCaps, confidenceFloors, calibrations, tenant }: ControlView, user?: string): string {
    const shared = [models, kills, modeCaps, confidenceFloors, calibrations].map((part) => this.#part(part));
    return `${shared.join('')}${this.#tenant(tenant, user)}`;
  }

  /**
   * Names the answer to one caller in one context; undefined where its state can't be shown, or nothing can be said.
   *
   * @param now in ms since 1970
   */
  answer(
    principal: Principal,
    { subject, control }: Inputs,
    plain: Attributes,
    snapshot: FlagSnapshot,
    stale: boolean,
    now: number,
  ): string | undefined {
    const flags = this.flags(snapshot);
    if (flags === undefined || control === undefined) return undefined;
    const { attributes, stated } = subject;
    const time = eraOf(flags, now);
    const whose = `${this.#configuration}${flags.text}${this.control(control, subject.userId)}${stale}${time}`;
    const facts = JSON.stringify([whoOf(principal), attributes, plain === attributes, stated]);
    return digest(`${whose}${facts}${plain === attributes ? '' : JSON.stringify(plain)}`);
  }

  /** A digest of any text, for comparing alone. */
  short(text: string): string {
    return digest(text);
  }

  #tenant({ consents, users, mode, bands, overrides }: TenantControl, user: string | undefined): string {
    // For somebody unknown any user's opt-out counts.
    const choices = user === undefined ? this.#optedOut(users) : this.#choices(users.get(user));
    const forced = overrides === undefined || overrides.length === 0 ? '' : this.#part(overrides);
    const wanted = mode === undefined && bands === undefined ? '' : canonical([mode, bands]);
    return `${this.#part(consents)}${choices}${forced}${wanted}`;
  }

  #optedOut(users: TenantControl['users']): string {
    const classes = [...optedOutClasses(users)];
    return classes.length === 0 ? '' : digest(classes.sort().join());
  }

  #choices(choices: object | undefined): string {
    return choices === undefined ? '' : this.#part(choices);
  }

  // Lists are kept in the order in which they were recorded, which another process may have learned otherwise.
  #part(part: object): string {
    let known = this.#parts.get(part);
    if (known === undefined) {
      known = digest(Array.isArray(part) ? part.map(canonical).sort().join() : canonical(part));
      this.#parts.set(part, known);
    }
    return known;
  }
}

/** Everything that date constraints compare the time with, segments' own among it. */
function momentsOf(definitions: readonly unknown[]): readonly number[] {
  const moments = new Set<number>();
  JSON.stringify(definitions, (_key, part: unknown) => {
    const { operator, value } = (part ?? {}) as { readonly operator?: unknown; readonly value?: unknown };
    const moment =
      typeof operator === 'string' && operator.startsWith('DATE_') ? Date.parse(String(value)) : Number.NaN;
    if (!Number.isNaN(moment)) moments.add(moment);
    return part;
  });
  return [...moments].sort((one, other) => one - other);
}

/** Where a time, in ms since 1970, lies among a snapshot's moments: the same for all between two of them. */
export function eraOf({ moments }: FlagsDigest, now: number): number {
  let count = 0;
  for (const moment of moments) count += now > moment ? 2 : now === moment ? 1 : 0;
  return count;
}

/** Whom an answer is for: the caller, and what its token lets it see. */
export function whoOf(principal: Principal): string {
  switch (principal.kind) {
    case 'browser': {
      const { name, projects, identity } = principal;
      const shown = projects === undefined ? '*' : [...projects].sort().join();
      return JSON.stringify([name, shown, identity?.tenantId, identity?.userId]);
    }
    case 'admin':
      return JSON.stringify([principal.identity.tenantId, principal.identity.userId]);
    default:
      return principal.name;
  }
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}
