import type { App, Gateway } from '../gateway.js';
import { serveChoices } from './choices.js';
import { serveConsents } from './consents.js';
import { serveHistory } from './history.js';
import { servePreferences } from './preferences.js';

/** Consent, preferences, choices and history of a tenant, for its administrators and for services that act for it. */
export function serveTenants(app: App, gateway: Gateway): void {
  for (const serve of [serveConsents, servePreferences, serveChoices, serveHistory]) serve(app, gateway);
}
