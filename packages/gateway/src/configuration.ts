import type { ContextNames } from '@rampart/core';
import type { ControlOptions } from '@rampart/sdk';
import type { Permission } from './access/principal.js';

/** A key of a backend service, or of an operator's program. */
export interface KeyConfiguration {
  /** Shown in logs and in the audit trail. No other key or page token has it where both count. */
  readonly name: string;
  /** `sha256:` and 64 hexadecimal digits, as `hashKey` gives them. The key itself is nowhere. */
  readonly hash: string;
  /** @default 'service' */
  readonly role: 'service' | 'operator';
  /** What a service may ask for; not for operators. @default evaluate and track */
  readonly may?: readonly Permission[] | undefined;
  /** Flags a service may ask about: names, or beginnings with `*` at the end; not for operators. @default every flag */
  readonly flags?: readonly string[] | undefined;
  /** Where the key counts; gateways of other environments refuse it. @default everywhere */
  readonly environments?: readonly string[] | undefined;
}

/** Which pages are let in. Frontend tokens are no secrets: they say which flags are listed, never who somebody is. */
export interface FrontendConfiguration {
  /** Tokens of pages, besides those that Unleash knows; `projects` narrows what is listed, `*` is all. @default none */
  readonly tokens: readonly {
    readonly name: string;
    readonly hash: string;
    readonly projects?: readonly string[] | undefined;
  }[];
  /** Lets in what Unleash's own frontend tokens let in, by asking it. @default true */
  readonly askUnleash: boolean;
}

/**
 * Which claim holds what. A dot leads into an object: `app_metadata.plan`. A token with a claim of the wrong type is refused;
 * only roles that can't be read are none.
 */
export interface ClaimNames {
  /** @default 'sub' */
  readonly userId: string;
  /** @default 'tenant_id' */
  readonly tenantId: string;
  /** @default 'tier' */
  readonly tier: string;
  /** @default 'region' */
  readonly region: string;
  /** @default 'labels' */
  readonly labels: string;
  /** @default 'cohorts' */
  readonly cohorts: string;
  /** @default 'ai_opt_out' */
  readonly aiOptOut: string;
  /** @default 'roles' */
  readonly roles: string;
}

/** How the tokens of users are checked: all of it is pinned, nothing is taken from a token's own header. */
export interface IdentityConfiguration {
  readonly issuer: string;
  readonly audience: string;
  /** HS256, HS384 and HS512 go with `sharedKey`, every other with `jwksUrl`. */
  readonly algorithms: readonly string[];
  /** Where the issuer publishes its keys. Either this or `sharedKey`. */
  readonly jwksUrl?: string | undefined;
  /** At least 32 characters. */
  readonly sharedKey?: string | undefined;
  /** In seconds. @default 5 */
  readonly clockTolerance: number;
  readonly claims: ClaimNames;
  /** The role of those who decide for their tenant. @default 'ai_admin' */
  readonly adminRole: string;
  /** The role of those who may act for every tenant. @default 'ai_operator' */
  readonly operatorRole: string;
}

/** So many requests in so many seconds. */
export interface Rate {
  readonly points: number;
  readonly seconds: number;
}

/** What one caller may ask of the gateway. */
export interface LimitConfiguration {
  /** For each service and operator key. @default 10,000 in 1 s */
  readonly perKey: Rate;
  /** For each user whose token was checked: a whole office has one address. @default 50 in 1 s */
  readonly perUser: Rate;
  /** For each address that brings neither a key nor a user's token. @default 200 in 1 s */
  readonly perAddress: Rate;
  /** For each address whose credentials were refused. @default 20 in 1 s */
  readonly refusedPerAddress: Rate;
  /** @default 262144 */
  readonly bodyBytes: number;
  /** @default 16384 */
  readonly headerBytes: number;
  /** Attributes of one context. @default 100 */
  readonly attributes: number;
  /** How deep an attribute may be nested. @default 4 */
  readonly attributeDepth: number;
  /** Size of one context as JSON. @default 8192 */
  readonly contextBytes: number;
  /** Open event streams. @default 20000 */
  readonly streams: number;
  /** Open event streams of one user, and of one address for pages without a user's token. @default 20 */
  readonly streamsPerUser: number;
  /** How long a request, headers and body, may take to arrive, in ms; half a second later at most it is cut off. @default 10000 */
  readonly requestTimeout: number;
}

/** The flag platform. */
export interface UnleashConfiguration {
  /** What an Unleash SDK takes, e.g. `https://unleash.example.com/api`. */
  readonly url: string;
  /** A client token; it decides which environment of Unleash is served. */
  readonly token: string;
  /** @default 'rampart-gateway' */
  readonly appName: string;
  /** In ms. With the webhook a change doesn't wait for it. @default 5000 */
  readonly refreshInterval: number;
  /** The server itself, for the admin API. @default the url without /api */
  readonly adminUrl?: string | undefined;
  /** Lets a kill switch the flag off in Unleash too. @default a kill leaves Unleash alone, which its report says */
  readonly adminToken?: string | undefined;
}

/** A checked configuration, defaults filled in. */
export interface GatewayConfiguration {
  /** Address to listen on; `0.0.0.0` for every one. @default '127.0.0.1' */
  readonly host: string;
  /** @default 8080 */
  readonly port: number;
  /**
   * Names this gateway's place, e.g. `production`: keys may be bound to it, and processes that share a Redis share the name.
   * @default 'default'
   */
  readonly environment: string;
  readonly unleash: UnleashConfiguration;
  /**
   * `postgres://…`, `mysql://…`, or the folder of an embedded database, which belongs to one process.
   * @default the folder `./rampart-data`
   */
  readonly database: string | { readonly folder: string };
  /** Signs the control log; the same for every process. At least 32 characters. */
  readonly secret: string;
  /**
   * Secrets that count beside `secret`, at least 32 characters each: the next one before a rotation, the former one after it.
   * @default none
   */
  readonly acceptedSecrets: readonly string[];
  /**
   * `redis://…`, `{ sentinels, name }` or `{ cluster }`, as in `createControl`. With it and a database server, any number of
   * gateways are one. @default none
   */
  readonly redis?: ControlOptions['redis'];
  /** As in `createControl`: for fleets too large to ask the database one by one. @default each asks the database */
  readonly relay?: 'follow' | 'serve' | undefined;
  /** In ms: what can't be shown younger is unknown, and closes. @default 5000 */
  readonly maxStaleness: number;
  /** The tier ladder, lowest first. @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /** Flags whose name starts so must carry a Rampart strategy, and are closed while they are missing. @default 'ai.' */
  readonly prefix: string;
  /** Flag → feature, for flags that can't take a parent in Unleash. @default none */
  readonly gates?: Readonly<Record<string, string>> | undefined;
  /** Which attribute of a context holds which fact. @default the facts' own names */
  readonly contextNames?: Partial<ContextNames> | undefined;
  /** @default none: then only pages, tenant admins and operators with tokens are let in */
  readonly keys: readonly KeyConfiguration[];
  readonly frontend: FrontendConfiguration;
  /** How users' tokens are checked. @default nobody is a user, a tenant admin or an operator by token */
  readonly identity?: IdentityConfiguration | undefined;
  /**
   * Origins whose pages may ask, as browsers send them: `scheme://host` or `scheme://host:port`, in lower case, without a path;
   * or `*` for every page. @default the gateway's own
   */
  readonly origins: readonly string[];
  /**
   * More request headers that pages of `origins` may send, e.g. `x-my-trace`. Those of OpenFeature's and Unleash's clients and of
   * common tracing (W3C, Sentry, Datadog, B3, New Relic, ...) are always allowed. @default none
   */
  readonly allowedHeaders: readonly string[];
  /** What Unleash's webhook sends in its `Authorization` header. At least 16 characters. @default the webhook is refused */
  readonly webhookSecret?: string | undefined;
  /**
   * Records an exposure for each AI decision that was served open, for the exposure audit: each that was asked for alone, and
   * what a list gave once a minute for the same subject. @default false
   */
  readonly exposures: boolean;
  /** How long measurements and exposures are kept, in days. Recorded labels of tenants stay. @default 180 */
  readonly eventDays: number;
  readonly limits: LimitConfiguration;
  /** How long one connection of an event stream lives, in seconds; clients come back by themselves. @default 3600 */
  readonly streamSeconds: number;
  /**
   * Addresses or ranges, e.g. `10.0.0.0/8`, or `loopback`, `linklocal` and `uniquelocal`, whose `X-Forwarded-For` is believed.
   * The client is the right-most address in it that is no trusted proxy.
   * @default none
   */
  readonly trustedProxies: readonly string[];
  /** Serves the interactive documentation at /docs. @default true */
  readonly docs: boolean;
  /** Who may read /metrics: those with an operator's or a service's key, or anyone who reaches it. @default 'keys' */
  readonly metrics: 'keys' | 'anyone';
  /** How long requests are still served while /readyz says 503, so that a load balancer notices, in ms. @default 0 */
  readonly drainDelay: number;
  /**
   * How long stopping may take after that, in ms; at least 1 s. Requests under way are cut off when a quarter of it is left,
   * at most 2.5 s. @default 10000
   */
  readonly stopTimeout: number;
  /** @default 'info' */
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';
}

type Defaulted<Whole, Needed extends keyof Whole = never> = Pick<Whole, Needed> & {
  readonly [Name in Exclude<keyof Whole, Needed>]?: Whole[Name] | undefined;
};

/** What a file, or a caller, writes: everything that has a default may be left out. */
export interface GatewayConfigurationInput
  extends Defaulted<Omit<GatewayConfiguration, 'unleash' | 'keys' | 'frontend' | 'identity' | 'limits'>, 'secret'> {
  readonly unleash: Defaulted<UnleashConfiguration, 'url' | 'token'>;
  readonly keys?: readonly Defaulted<KeyConfiguration, 'name' | 'hash'>[] | undefined;
  readonly frontend?: Defaulted<FrontendConfiguration> | undefined;
  readonly identity?:
    | (Defaulted<Omit<IdentityConfiguration, 'claims'>, 'issuer' | 'audience' | 'algorithms'> & {
        readonly claims?: Defaulted<ClaimNames> | undefined;
      })
    | undefined;
  readonly limits?:
    | (Defaulted<Omit<LimitConfiguration, 'perKey' | 'perUser' | 'perAddress' | 'refusedPerAddress'>> & {
        readonly perKey?: Defaulted<Rate> | undefined;
        readonly perUser?: Defaulted<Rate> | undefined;
        readonly perAddress?: Defaulted<Rate> | undefined;
        readonly refusedPerAddress?: Defaulted<Rate> | undefined;
      })
    | undefined;
}
