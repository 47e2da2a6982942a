/** What a service's key may ask for. */
export const PERMISSIONS = ['evaluate', 'track', 'consent'] as const;
/** `evaluate`: decisions; `track`: measurements; `consent`: to act on any tenant's consent and preferences. */
export type Permission = (typeof PERMISSIONS)[number];

/** What a checked token says of its subject, in our terms. What it doesn't say is undefined. */
export interface Identity {
  readonly userId: string | undefined;
  readonly tenantId: string | undefined;
  readonly tier: string | undefined;
  readonly region: string | undefined;
  readonly labels: readonly string[] | undefined;
  readonly cohorts: readonly string[] | undefined;
  readonly aiOptOut: boolean;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

/** A backend service with a key of its own: the only one that states whom it asks about. */
export interface ServicePrincipal {
  readonly kind: 'service';
  readonly name: string;
  readonly may: ReadonlySet<Permission>;
  /** Whether the key covers this flag. */
  mayAsk(flag: string): boolean;
}

/** A page: a frontend token, which is no secret, and a token of its user, where anything hangs on who that is. */
export interface BrowserPrincipal {
  readonly kind: 'browser';
  /** The token's name, or its fingerprint; never the token. */
  readonly name: string;
  /** Projects whose flags it sees; undefined: all. */
  readonly projects: ReadonlySet<string> | undefined;
  readonly identity: Identity | undefined;
}

/** The administrator of one tenant. */
interface TenantAdminPrincipal {
  readonly kind: 'admin';
  readonly identity: Identity & { readonly tenantId: string; readonly userId: string };
}

/** Someone, or a program, who may act for the whole platform. */
export interface OperatorPrincipal {
  readonly kind: 'operator';
  /** The key's name, or the user. */
  readonly name: string;
  readonly by: 'key' | 'token';
}

/** Who a request comes from, once its credentials were checked. */
export type Principal = ServicePrincipal | BrowserPrincipal | TenantAdminPrincipal | OperatorPrincipal;
