import {
  type ConsentState,
  type ControlView,
  EVERY_CLASS,
  type StoredModel,
  type TenantControl,
  type UserChoice,
} from './control.js';
import { type AccessPolicy, CONSENT_MODELS, type ConsentModel } from './parameters.js';
import type { Subject } from './subject.js';
import { isOptOut, optedOutClasses } from './user-choices.js';

/** Why consent closes. The first three ask for consent (`consent_required`); the others are final. */
export type ConsentObstacle =
  | 'unset'
  | 'terms'
  | 'user_unset'
  | 'unknown'
  | 'no_tenant'
  | 'opted_out'
  | 'user_opted_out'
  | 'no_user';

const ASKABLE: ReadonlySet<string> = new Set(['unset', 'terms', 'user_unset']);

/** Whether giving consent is all that an obstacle asks for. */
export function isAskable(obstacle: string | undefined): boolean {
  return obstacle !== undefined && ASKABLE.has(obstacle);
}

/**
 * What stands between a subject and a class of features. The tenant's state decides, a user's opt-out narrows it, no
 * user's opt-in widens it. With `given`, what could be asked for counts as given; a no and an unknown stay.
 */
export function consentObstacle(
  access: AccessPolicy,
  changeVersion: number | undefined,
  subject: Subject,
  control: ControlView | undefined,
  given: boolean,
): ConsentObstacle | undefined {
  if (subject.tenantId === undefined) return 'no_tenant';
  if (control === undefined) return 'unknown';
  const consent = control.tenant.consents.get(access.featureClass);
  if (consent?.state === 'opt_out') return 'opted_out';
  const stored = control.models.get(access.featureClass);
  if (!isKnownState(consent?.state) || !isKnownModel(stored)) return 'unknown';
  const user = userObstacle(access, subject, control.tenant);
  if (user !== undefined && user !== 'user_unset') return user;
  if (given) return undefined;
  const model = stricterModel(access.consent, stored);
  if (model !== 'not_required') {
    const agreed = consent?.state === 'opt_in';
    if (model === 'opt_in' && !agreed) return 'unset';
    const needed = higherVersion(access.consentVersion, changeVersion);
    if (needed !== undefined && !(agreed && (consent.version ?? -1) >= needed)) return 'terms';
  }
  return user;
}

function userObstacle(access: AccessPolicy, subject: Subject, tenant: TenantControl): ConsentObstacle | undefined {
  const choice = userChoice(access, subject, tenant);
  if (choice === 'opt_out') return 'user_opted_out';
  if (choice === 'no_user') return 'no_user';
  if (choice !== undefined && choice !== 'opt_in') return 'unknown';
  if (choice === 'opt_in' || access.userOptIn.size === 0) return undefined;
  const needed = access.userOptIn.has('all') || subject.region === undefined || access.userOptIn.has(subject.region);
  if (!needed) return undefined;
  return subject.userId === undefined ? 'no_user' : 'user_unset';
}

function isKnownState(state: ConsentState | undefined): boolean {
  return state === undefined || state === 'opt_in' || state === 'opt_out' || state === 'unset';
}

function isKnownModel(model: StoredModel | undefined): model is ConsentModel | undefined {
  return model === undefined || CONSENT_MODELS.some((known) => known === model);
}

// Without a user id, an opt-out of any user of the tenant might be this one's.
function userChoice(access: AccessPolicy, subject: Subject, tenant: TenantControl): UserChoice | 'no_user' | undefined {
  if (tenant.users.size === 0) return undefined;
  if (subject.userId !== undefined) return tenant.users.get(subject.userId)?.get(access.featureClass);
  return optedOutClasses(tenant.users).has(access.featureClass) ? 'no_user' : undefined;
}

/**
 * Whether the user opted out of all AI. A choice that can't be read counts as an opt-out, and so does any opt-out of the
 * tenant's users where the user isn't known.
 */
export function optedOutOfAll(subject: Subject, control: ControlView | undefined): boolean {
  const tenant = control?.tenant;
  if (tenant === undefined || tenant.users.size === 0) return false;
  if (subject.userId === undefined) return optedOutClasses(tenant.users).has(EVERY_CLASS);
  return isOptOut(tenant.users.get(subject.userId)?.get(EVERY_CLASS));
}

/** The stricter of a flag's consent model and the one stored for its class; `opt_in` where that one can't be read. */
export function stricterModel(flag: ConsentModel, stored: StoredModel | undefined): ConsentModel {
  if (stored === undefined) return flag;
  if (stored === 'unknown') return 'opt_in';
  return CONSENT_MODELS.indexOf(stored) > CONSENT_MODELS.indexOf(flag) ? stored : flag;
}

function higherVersion(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.max(a, b);
}
