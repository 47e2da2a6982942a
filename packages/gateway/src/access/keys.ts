import { hash } from 'node:crypto';
import { secretText } from '@rampart/core';
import type { GatewayConfiguration } from '../configuration.js';
import type { BrowserPrincipal, OperatorPrincipal, ServicePrincipal } from './principal.js';

type ConfiguredKey = GatewayConfiguration['keys'][number];
type ConfiguredPage = GatewayConfiguration['frontend']['tokens'][number];

/** Whom a configured credential belongs to. */
export type KeyOwner = ServicePrincipal | OperatorPrincipal | BrowserPrincipal;

/** What is stored of a key: `sha256:` and the hash of its characters, without line breaks at its end. Keys are random, so no salt is needed. */
export function hashKey(key: string): string {
  return `sha256:${hash('sha256', secretText(key))}`;
}

/**
 * Looks up whom a credential belongs to, by its hash. Comparing hashes in whatever time gives nothing away: who could
 * learn a part of a stored hash so would still have to find characters that hash to it.
 */
export class KeyRing {
  readonly #owners: ReadonlyMap<string, KeyOwner>;

  constructor(entries: readonly { readonly hash: string; readonly owner: KeyOwner }[]) {
    this.#owners = new Map(entries.map((entry) => [entry.hash.slice('sha256:'.length), entry.owner]));
  }

  find(credential: string): KeyOwner | undefined {
    return this.#owners.get(hash('sha256', credential));
  }
}

/** The keys that count in this environment, and the configured tokens of pages. */
export function keyRing({ keys, frontend, environment }: GatewayConfiguration): KeyRing {
  const here = keys.filter(({ environments }) => environments === undefined || environments.includes(environment));
  return new KeyRing([
    ...frontend.tokens.map((page) => ({ hash: page.hash, owner: pageOf(page) })),
    ...here.map((key) => ({ hash: key.hash, owner: ownerOf(key) })),
  ]);
}

function ownerOf({ name, role, may = [], flags = [] }: ConfiguredKey): ServicePrincipal | OperatorPrincipal {
  if (role === 'operator') return { kind: 'operator', name, by: 'key' };
  return { kind: 'service', name, may: new Set(may), mayAsk: matcherOf(flags) };
}

function pageOf({ name, projects }: ConfiguredPage): BrowserPrincipal {
  // As in Unleash's own tokens.
  const shown = projects?.includes('*') ? undefined : projects && new Set(projects);
  return { kind: 'browser', name, projects: shown, identity: undefined };
}

function matcherOf(patterns: readonly string[]): (flag: string) => boolean {
  if (patterns.includes('*')) return () => true;
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (flag) => exact.has(flag) || beginnings.some((beginning) => flag.startsWith(beginning));
}
