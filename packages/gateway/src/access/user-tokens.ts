import { hash } from 'node:crypto';
import { MAX_ID_LENGTH } from '@rampart/core';
import { proxyFetch } from '@rampart/sdk/operator';
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { ClaimNames, IdentityConfiguration } from '../configuration.js';
import { isRefusal, Refusal } from '../service/refusal.js';
import { readUser, type User } from './claims.js';

/** How long a checked token is believed without a new check, in ms; a key that its issuer withdraws counts no longer. */
const BELIEVED = 60_000;
/** How often the issuer's keys are fetched anew, in ms. */
const KEYS_FRESH = 10 * 60_000;
/** How long keys count that can't be fetched anew, in ms. */
const KEYS_GOOD = 60 * 60_000;
/** Between two looks for a key that the issuer's set doesn't hold, in ms: unknown key ids come from anybody. */
const KEYS_COOLDOWN = 30_000;
const KEYS_TIMEOUT = 3_000;

/** How often a claim that can't be read is said to be one, in ms. */
const TOLD_EVERY = 60_000;

const TEXT = `text of 1 to ${MAX_ID_LENGTH} characters`;
const LIST = `list of texts of 1 to ${MAX_ID_LENGTH} characters`;
/** What each claim has to be. */
const FORMS: ClaimNames = {
  userId: TEXT,
  tenantId: TEXT,
  tier: TEXT,
  region: TEXT,
  labels: LIST,
  cohorts: LIST,
  aiOptOut: 'true or false',
  roles: LIST,
};

/** What the issuer's keys say of a token that isn't theirs. */
const SAYS_NO = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

interface Believed {
  readonly user: User;
  /** In ms since 1970. */
  readonly until: number;
}

/** Options of {@link UserTokens}. */
export interface UserTokensOptions {
  readonly configuration: IdentityConfiguration;
  readonly log?: { warn(message: string): void } | undefined;
  readonly now?: (() => number) | undefined;
}

/** Checks the tokens of users: algorithm, issuer and audience are pinned by configuration, never taken from the token. */
export class UserTokens {
  readonly #configuration: IdentityConfiguration;
  readonly #verify: (token: string) => Promise<JWTPayload>;
  readonly #believed = new LRUCache<string, Believed>({ max: 10_000 });
  readonly #log: UserTokensOptions['log'];
  /** Fact → when it was last said that its claim can't be read, in ms since 1970. */
  readonly #told = new Map<string, number>();
  readonly #now: () => number;

  constructor({ configuration, log, now = Date.now }: UserTokensOptions) {
    this.#configuration = configuration;
    this.#log = log;
    this.#verify = verifierOf(configuration, now);
    this.#now = now;
  }

  /** The user of a token that was checked within the last minute; costs no signature. */
  known(token: string): User | undefined {
    const found = this.#believed.get(nameOf(token));
    return found !== undefined && this.#now() < found.until ? found.user : undefined;
  }

  /** The user of a token; undefined where it is not good, whatever the reason. @throws Refusal 503 without the issuer's keys */
  async check(token: string): Promise<User | undefined> {
    const known = this.known(token);
    if (known !== undefined) return known;
    const payload = await this.#payloadOf(token);
    if (payload?.exp === undefined) return undefined;
    const { claims, clockTolerance } = this.#configuration;
    const reading = readUser(payload, claims, payload.exp * 1_000);
    if ('malformed' in reading) return this.#tell(reading.malformed);
    const { user } = reading;
    const until = Math.min((payload.exp + clockTolerance) * 1_000, this.#now() + BELIEVED);
    this.#believed.set(nameOf(token), { user, until });
    return user;
  }

  // The issuer's mistake shows with each of its tokens: once in a while is enough. What the claim says stays out.
  #tell(fact: keyof ClaimNames): undefined {
    const now = this.#now();
    if (now - (this.#told.get(fact) ?? Number.NEGATIVE_INFINITY) < TOLD_EVERY) return;
    this.#told.set(fact, now);
    const claim = this.#configuration.claims[fact];
    this.#log?.warn(`a user's token was refused: its claim ${claim} (identity.claims.${fact}) is no ${FORMS[fact]}`);
  }

  async #payloadOf(token: string): Promise<JWTPayload | undefined> {
    try {
      return await this.#verify(token);
    } catch (error) {
      if (isRefusal(error)) throw error;
      return undefined;
    }
  }
}

function verifierOf(configuration: IdentityConfiguration, now: () => number): (token: string) => Promise<JWTPayload> {
  const { issuer, audience, algorithms, clockTolerance, jwksUrl, sharedKey } = configuration;
  // Issuers differ in the slash at the end of their own address. The keys decide whose token it is.
  const issuers = [issuer, issuer.endsWith('/') ? issuer.replace(/\/+$/, '') : `${issuer}/`];
  const options = () => ({
    issuer: issuers,
    audience,
    algorithms: [...algorithms],
    clockTolerance,
    requiredClaims: ['exp'],
    currentDate: new Date(now()),
  });
  if (jwksUrl === undefined) {
    const secret = new TextEncoder().encode(sharedKey);
    return async (token) => (await jwtVerify(token, secret, options())).payload;
  }
  const keys = keySet(jwksUrl, now);
  return async (token) => (await jwtVerify(token, keys, options())).payload;
}

/** The issuer's keys: fetched anew in the background, so that its outage is not ours within the hour. */
function keySet(url: string, now: () => number): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), {
    cooldownDuration: KEYS_COOLDOWN,
    timeoutDuration: KEYS_TIMEOUT,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: proxyFetch,
  });
  let fetchedAt: number | undefined;
  let fetching: Promise<void> | undefined;
  let nextTry = 0;
  const reload = async (): Promise<void> => {
    try {
      await remote.reload();
      fetchedAt = now();
    } finally {
      nextTry = now() + KEYS_COOLDOWN;
      fetching = undefined;
    }
  };
  const fetch = (): Promise<void> => {
    fetching ??= reload();
    return fetching;
  };
  return async (header, token) => {
    try {
      const age = fetchedAt === undefined ? Number.POSITIVE_INFINITY : now() - fetchedAt;
      if (age > KEYS_GOOD) await fetch();
      else if (age > KEYS_FRESH && now() >= nextTry) fetch().catch(() => {});
      return await remote(header, token);
    } catch (error) {
      if (SAYS_NO.some((kind) => error instanceof kind)) throw error;
      // Without keys nothing was said of the token.
      throw new Refusal(503, 'identity_unavailable', 'tokens can not be checked now: try again', { retryAfter: 5 });
    }
  };
}

function nameOf(token: string): string {
  return hash('sha256', token, 'base64');
}
