import type { App, Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import { keyRing } from './keys.js';
import type { Principal } from './principal.js';

/** Lets nobody through to a route that doesn't name them. */
export function guardRoutes(app: App, { configuration }: Gateway): void {
  const keys = keyRing(configuration.keys, configuration.environment);
  app.decorateRequest('principal');
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.callers === undefined) throw new Error(`the route ${url} doesn't say who may call it`);
  });
  app.addHook('onRequest', (request, _reply, done) => {
    const { callers, permission } = request.routeOptions.config;
    if (callers === 'anyone' || callers === undefined) return done();
    const credential = /^(?:Bearer )?(.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const principal: Principal | undefined = credential === undefined ? undefined : keys.find(credential);
    if (principal === undefined) return done(new Refusal(401, 'unauthorized', 'these credentials are not known'));
    if (!callers.includes(principal.kind))
      return done(new Refusal(403, 'forbidden', 'these credentials may not do this'));
    if (permission !== undefined && principal.kind === 'service' && !principal.may.has(permission))
      return done(new Refusal(403, 'forbidden', `this key may not ${permission}`));
    request.principal = principal;
    done();
  });
}
