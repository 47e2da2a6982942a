import type { FastifyRequest } from 'fastify';
import type { App, Gateway } from '../gateway.js';
import { isRefusal, Refusal } from '../service/refusal.js';
import { Authentication } from './authenticate.js';
import { Limits } from './limits.js';
import type { Principal } from './principal.js';

/** Routes of plugins that are none of ours, and for anyone: what they serve is in the package, and `*` answers preflights. */
const OF_PLUGINS = /^(?:\*|\/docs(?:\/.*)?)$/;

/** No route registers that doesn't name its callers. */
export function requireCallers(app: App): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.callers !== undefined) return;
    if (!OF_PLUGINS.test(route.url))
      throw new Error(`the route ${route.url} doesn't say who may call it: set config.callers`);
    route.config = { ...route.config, callers: 'anyone' };
  });
}

/** Lets nobody through to a route that doesn't name them, and nobody more often than the limits say. */
export function guardRoutes(app: App, gateway: Gateway): void {
  const guard = new Guard(new Authentication(gateway.configuration, gateway.log), new Limits(gateway));
  app.decorateRequest('principal');
  app.addHook('onRequest', (request, _reply, done) => {
    let waiting: Promise<void> | undefined;
    try {
      waiting = guard.admit(request);
    } catch (error) {
      return done(error as Error);
    }
    if (waiting === undefined) return done();
    void settle(waiting, done);
  });
}

async function settle(waiting: Promise<void>, done: (error?: Error) => void): Promise<void> {
  let failed: Error | undefined;
  try {
    await waiting;
  } catch (error) {
    failed = error as Error;
  }
  done(failed);
}

/** Answers at once for whoever is known already: that is nearly every request. */
class Guard {
  readonly #authentication: Authentication;
  readonly #limits: Limits;

  constructor(authentication: Authentication, limits: Limits) {
    this.#authentication = authentication;
    this.#limits = limits;
  }

  /** @throws Refusal, also later */
  admit(request: FastifyRequest): Promise<void> | undefined {
    const { callers, isUnlimited } = request.routeOptions.config;
    if (callers === 'anyone' || callers === undefined)
      return isUnlimited ? undefined : this.#limits.count(undefined, request.ip);
    const found = this.#authentication.recognize(request, callers);
    if (found === undefined) return this.#refuseNobody(request);
    if ('principal' in found) return this.#let(request, found.principal);
    this.#limits.mayTry(request.ip);
    return this.#check(request, found.check);
  }

  async #refuseNobody(request: FastifyRequest): Promise<void> {
    await this.#limits.count(undefined, request.ip);
    throw new Refusal(401, 'unauthorized', 'who asks? Send a key or a token in the header Authorization');
  }

  async #check(request: FastifyRequest, check: () => Promise<Principal>): Promise<void> {
    let principal: Principal;
    try {
      principal = await check();
    } catch (error) {
      if (isRefusal(error) && error.statusCode === 401) await this.#limits.countRefused(request.ip);
      // Also where the route has no limit: nobody is known to have asked, and anybody can ask for such a check.
      else await this.#limits.count(undefined, request.ip);
      throw error;
    }
    await this.#let(request, principal);
  }

  #let(request: FastifyRequest, principal: Principal): Promise<undefined> | undefined {
    const { callers, permission, isUnlimited } = request.routeOptions.config;
    if (!callers?.includes(principal.kind)) throw new Refusal(403, 'forbidden', 'these credentials may not do this');
    if (permission !== undefined && principal.kind === 'service' && !principal.may.has(permission))
      throw new Refusal(403, 'forbidden', `this key may not ${permission}`);
    request.principal = principal;
    return isUnlimited ? undefined : this.#limits.count(principal, request.ip);
  }
}
