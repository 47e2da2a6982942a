import { createHash, timingSafeEqual } from 'node:crypto';
import type { GatewayConfiguration } from '../configuration.js';
import type { OperatorPrincipal, ServicePrincipal } from './principal.js';

type ConfiguredKey = GatewayConfiguration['keys'][number];

/** What is stored of a key: `sha256:` and the hash of its characters. Keys are random, so no salt is needed. */
export function hashKey(key: string): string {
  return `sha256:${digest(key).toString('hex')}`;
}

/** Looks up who a key belongs to. Takes as long whether one fits or not. */
export class KeyRing<Owner> {
  readonly #entries: readonly (readonly [hash: Buffer, owner: Owner])[];

  constructor(entries: readonly { readonly hash: string; readonly owner: Owner }[]) {
    this.#entries = entries.map(({ hash, owner }) => [Buffer.from(hash.slice('sha256:'.length), 'hex'), owner]);
  }

  find(key: string): Owner | undefined {
    const hash = digest(key);
    let found: Owner | undefined;
    for (const [known, owner] of this.#entries) if (timingSafeEqual(known, hash)) found = owner;
    return found;
  }
}

/** The keys that count in this environment. */
export function keyRing(
  keys: readonly ConfiguredKey[],
  environment: string,
): KeyRing<ServicePrincipal | OperatorPrincipal> {
  const here = keys.filter(({ environments }) => environments === undefined || environments.includes(environment));
  return new KeyRing(here.map((key) => ({ hash: key.hash, owner: ownerOf(key) })));
}

function ownerOf({ name, role, may, flags }: ConfiguredKey): ServicePrincipal | OperatorPrincipal {
  if (role === 'operator') return { kind: 'operator', name };
  return { kind: 'service', name, may: new Set(may), mayAsk: matcherOf(flags) };
}

function matcherOf(patterns: readonly string[]): (flag: string) => boolean {
  if (patterns.includes('*')) return () => true;
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (flag) => exact.has(flag) || beginnings.some((beginning) => flag.startsWith(beginning));
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
