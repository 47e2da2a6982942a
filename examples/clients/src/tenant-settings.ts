import { adminToken, gateway, tenant } from './your-settings.js';

type State = 'opt_in' | 'opt_out' | 'unset';

interface Consent {
  readonly featureClass: string;
  readonly state: State;
  /** What counts while the state is `unset`. */
  readonly model?: 'not_required' | 'opt_out' | 'opt_in';
  /** Version of the terms that the tenant's admin has to accept. */
  readonly neededVersion?: number;
  /** Names what was read, so that two admins can't overwrite each other unseen. */
  readonly revision?: string;
}

/** One request with the admin's own token: the gateway checks that it is an admin of this tenant. */
async function request<T>(path: string, method = 'GET', body?: object): Promise<T> {
  const response = await fetch(`${gateway}/v1/tenants/${encodeURIComponent(tenant)}${path}`, {
    method,
    headers: { authorization: `Bearer ${await adminToken()}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.ok) return (await response.json()) as T;
  const { code, detail } = (await response.json()) as { readonly code: string; readonly detail: string };
  throw new Error(`${response.status} ${code}: ${detail}`);
}

/** One row for each class of AI features. */
async function listConsents(): Promise<readonly Consent[]> {
  return (await request<{ readonly consents: readonly Consent[] }>('/consents')).consents;
}

/** Gives the revision of the write. A 409 means that another admin changed the class meanwhile: list again. */
async function setConsent({ featureClass, revision, neededVersion }: Consent, state: State): Promise<string> {
  const terms = state === 'opt_in' && neededVersion !== undefined ? { version: neededVersion } : {};
  const body = { state, ...terms, reason: 'chosen in the settings', expected: revision };
  return (await request<{ readonly revision: string }>(`/consents/${featureClass}`, 'PUT', body)).revision;
}

for (const consent of await listConsents()) {
  console.log(consent.featureClass, consent.state);
  const revision = await setConsent(consent, consent.state === 'opt_in' ? 'opt_out' : 'opt_in');
  // A question with this revision as `consentRevision` is answered from no older state.
  console.log(revision.length > 0 ? 'saved' : 'not saved');
}
for (const { featureClass, state } of await listConsents()) console.log(featureClass, state);
