import type { FastifyRequest } from 'fastify';
import type { App, Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import { Authentication } from './authenticate.js';
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

/** Lets nobody through to a route that doesn't name them. */
export function guardRoutes(app: App, { configuration }: Gateway): void {
  const authentication = new Authentication(configuration);
  app.decorateRequest('principal');
  app.addHook('onRequest', (request, _reply, done) => {
    const { callers } = request.routeOptions.config;
    if (callers === 'anyone' || callers === undefined) return done();
    try {
      const found = authentication.recognize(request, callers);
      if ('principal' in found) {
        admit(request, found.principal);
        return done();
      }
      found.check().then(
        (principal) => done(attempt(() => admit(request, principal))),
        (error: Error) => done(error),
      );
    } catch (error) {
      done(error as Error);
    }
  });
}

function admit(request: FastifyRequest, principal: Principal): void {
  const { callers, permission } = request.routeOptions.config;
  if (!callers?.includes(principal.kind)) throw new Refusal(403, 'forbidden', 'these credentials may not do this');
  if (permission !== undefined && principal.kind === 'service' && !principal.may.has(permission))
    throw new Refusal(403, 'forbidden', `this key may not ${permission}`);
  request.principal = principal;
}

function attempt(work: () => void): Error | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
