import type { FastifyRequest } from 'fastify';
import type { GatewayConfiguration } from '../configuration.js';
import { Refusal } from '../service/refusal.js';
import type { User } from './claims.js';
import { type KeyOwner, keyRing } from './keys.js';
import type { Principal } from './principal.js';
import { UnleashTokens } from './unleash-tokens.js';
import { UserTokens } from './user-tokens.js';

type Kind = Principal['kind'];

/** Who asks, as far as it is known without asking anybody or checking a signature; else what there is to check. */
export type Recognition = { readonly principal: Principal } | { readonly check: () => Promise<Principal> };

/** The header with the token of a page's user. */
const IDENTITY_HEADER = 'x-rampart-identity';
/** Three parts of base64url: no key and no frontend token looks so. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** The same whatever was wrong: what is known of a credential is not said to who tries them. */
const unknown = (): Refusal =>
  new Refusal(
    401,
    'unauthorized',
    'these credentials are not known, or count no longer: send a key or token in Authorization',
  );
const forbidden = (): Refusal => new Refusal(403, 'forbidden', 'these credentials may not do this');

/** Finds out who asks. */
export class Authentication {
  readonly #ring: ReturnType<typeof keyRing>;
  readonly #users: UserTokens | undefined;
  readonly #pages: UnleashTokens | undefined;
  readonly #roles: { readonly operator: string; readonly admin: string };

  constructor(configuration: GatewayConfiguration, now: () => number = Date.now) {
    const { identity, frontend, unleash } = configuration;
    this.#ring = keyRing(configuration);
    this.#users = identity && new UserTokens(identity, now);
    this.#pages = frontend.askUnleash ? new UnleashTokens({ ...unleash, now }) : undefined;
    this.#roles = { operator: identity?.operatorRole ?? '', admin: identity?.adminRole ?? '' };
  }

  /**
   * @param callers the kinds that the route is for, which decides what a user with several roles is here
   * @throws Refusal 401 where there is no credential at all
   */
  recognize({ headers }: Pick<FastifyRequest, 'headers'>, callers: readonly Kind[]): Recognition {
    const credential = credentialOf(headers.authorization);
    if (credential === undefined) throw unknown();
    const identityToken = headers[IDENTITY_HEADER];
    if (JWT.test(credential)) return this.#user(credential, callers);
    const owner = this.#ring.find(credential) ?? this.#pages?.known(credential);
    if (owner !== undefined && identityToken === undefined) return { principal: owner };
    return { check: () => this.#page(owner, credential, identityToken) };
  }

  #user(token: string, callers: readonly Kind[]): Recognition {
    const user = this.#users?.known(token);
    if (user !== undefined) return { principal: this.#principalOf(user, callers) };
    return { check: async () => this.#principalOf((await this.#users?.check(token)) ?? refuse(), callers) };
  }

  async #page(
    owner: KeyOwner | undefined,
    credential: string,
    identityToken: string | string[] | undefined,
  ): Promise<Principal> {
    const found = owner ?? (await this.#pages?.check(credential)) ?? refuse();
    if (identityToken === undefined) return found;
    if (found.kind !== 'browser')
      throw new Refusal(400, 'invalid_request', 'X-Rampart-Identity goes with a frontend token: leave it out');
    // One that expired is refused: as nobody, the page would show its user something else than before.
    const user = typeof identityToken === 'string' ? await this.#users?.check(identityToken) : undefined;
    return { ...found, identity: (user ?? refuse()).identity };
  }

  #principalOf({ identity, roles }: User, callers: readonly Kind[]): Principal {
    const { userId, tenantId } = identity;
    const { operator, admin } = this.#roles;
    if (callers.includes('operator') && userId !== undefined && roles.includes(operator))
      return { kind: 'operator', name: userId, by: 'token' };
    if (callers.includes('admin') && userId !== undefined && tenantId !== undefined && roles.includes(admin))
      return { kind: 'admin', identity: { ...identity, userId, tenantId } };
    throw forbidden();
  }
}

function credentialOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^(?:bearer +)?(\S+)$/i.exec(header)?.[1];
}

function refuse(): never {
  throw unknown();
}
