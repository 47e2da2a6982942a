import type { FastifyRequest } from 'fastify';
import type { GatewayConfiguration } from '../configuration.js';
import { Refusal } from '../service/refusal.js';
import type { User } from './claims.js';
import { type KeyOwner, keyRing } from './keys.js';
import type { BrowserPrincipal, Principal } from './principal.js';
import { UnleashTokens, type UnleashTokensOptions } from './unleash-tokens.js';
import { UserTokens } from './user-tokens.js';

type Kind = Principal['kind'];

/** Who asks, as far as it is known without asking anybody or checking a signature; else what there is to check. */
export type Recognition = { readonly principal: Principal } | { readonly check: () => Promise<Principal> };

/** The header with the token of a page's user. */
const IDENTITY_HEADER = 'x-rampart-identity';
/** Three parts of base64url: no key and no frontend token looks so. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Finds out who asks. */
export class Authentication {
  readonly #ring: ReturnType<typeof keyRing>;
  readonly #users: UserTokens | undefined;
  readonly #pages: UnleashTokens | undefined;
  readonly #roles: { readonly operator: string; readonly admin: string };

  constructor(configuration: GatewayConfiguration, log: UnleashTokensOptions['log']) {
    const { identity, frontend, unleash } = configuration;
    this.#ring = keyRing(configuration);
    this.#users = identity && new UserTokens({ configuration: identity, log });
    this.#pages = frontend.askUnleash ? new UnleashTokens({ url: unleash.url, token: unleash.token, log }) : undefined;
    this.#roles = { operator: identity?.operatorRole ?? '', admin: identity?.adminRole ?? '' };
  }

  /**
   * @param callers the kinds that the route is for, which decides what a user with several roles is here
   * @returns undefined where there is no credential at all
   * @throws Refusal
   */
  recognize({ headers }: Pick<FastifyRequest, 'headers'>, callers: readonly Kind[]): Recognition | undefined {
    const { authorization } = headers;
    if (authorization === undefined || authorization === '') return undefined;
    const credential = credentialOf(authorization);
    const identityToken = headers[IDENTITY_HEADER];
    if (JWT.test(credential)) return this.#user(credential, callers);
    const owner = this.#ring.find(credential) ?? this.#pages?.known(credential);
    if (owner === undefined) return { check: () => this.#page(credential, identityToken) };
    return identityToken === undefined ? { principal: owner } : this.#identified(owner, identityToken);
  }

  #user(token: string, callers: readonly Kind[]): Recognition {
    const user = this.#users?.known(token);
    if (user !== undefined) return { principal: this.#principalOf(user, callers) };
    return { check: async () => this.#principalOf((await this.#users?.check(token)) ?? refuse(), callers) };
  }

  async #page(credential: string, identityToken: string | string[] | undefined): Promise<Principal> {
    const page = (await this.#pages?.check(credential)) ?? refuse();
    if (identityToken === undefined) return page;
    const found = this.#identified(page, identityToken);
    return 'principal' in found ? found.principal : found.check();
  }

  #identified(page: KeyOwner, token: string | readonly string[]): Recognition {
    if (page.kind !== 'browser')
      throw new Refusal(400, 'invalid_request', 'X-Rampart-Identity goes with a frontend token: leave it out');
    if (typeof token !== 'string') return { check: refuse };
    const user = this.#users?.known(token);
    if (user !== undefined) return { principal: withIdentity(page, user) };
    // One that expired is refused: as nobody, the page would show its user something else than before.
    return { check: async () => withIdentity(page, (await this.#users?.check(token)) ?? refuse()) };
  }

  #principalOf({ identity, roles }: User, callers: readonly Kind[]): Principal {
    const { userId, tenantId } = identity;
    const { operator, admin } = this.#roles;
    if (callers.includes('operator') && userId !== undefined && roles.includes(operator))
      return { kind: 'operator', name: userId, by: 'token' };
    if (callers.includes('admin') && userId !== undefined && tenantId !== undefined && roles.includes(admin))
      return { kind: 'admin', identity: { ...identity, userId, tenantId } };
    throw new Refusal(403, 'forbidden', 'these credentials may not do this');
  }
}

function withIdentity(page: BrowserPrincipal, { identity }: User): BrowserPrincipal {
  return { kind: 'browser', name: page.name, projects: page.projects, identity };
}

/** What follows `Bearer`, or all of it: Unleash's clients send their token as it is. */
function credentialOf(header: string): string {
  return /^bearer /i.test(header) ? header.slice('bearer '.length).trim() : header;
}

/** The same whatever was wrong: what is known of a credential is not said to who tries them. */
function refuse(): never {
  throw new Refusal(401, 'unauthorized', 'these credentials are not known, or count no longer');
}
