import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Permission } from '@rampart/gateway';
import { type App, createGateway, type GatewayOptions, hashKey } from '@rampart/gateway';
import { createControl } from '@rampart/sdk';
import { prepareEmbedded } from '@rampart/services';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { FlagServer } from '../../specification/src/flag-server.js';
import { FLAGS, type Flags } from './flags.js';

export { FLAGS, type Flags } from './flags.js';

/** The tests' own; every gateway of a file shares it. */
export const SECRET = 'a secret of the tests, long enough to be one';
const JWT_SECRET = 'another secret of the tests, for tokens of users';
const ISSUER = 'https://login.example.com';
const AUDIENCE = 'rampart';

/** A key and what a configuration holds of it. */
export interface TestKey {
  readonly key: string;
  readonly headers: { readonly authorization: string };
  readonly configured: NonNullable<GatewayOptions['keys']>[number];
}

export function newKey(
  name: string,
  more: {
    role?: 'service' | 'operator';
    may?: readonly Permission[];
    flags?: readonly string[];
    environments?: readonly string[];
  } = {},
): TestKey {
  const key = `rk_${randomBytes(24).toString('base64url')}`;
  return { key, headers: { authorization: `Bearer ${key}` }, configured: { name, hash: hashKey(key), ...more } };
}

/** A service that may do everything, and an operator. */
export const service = newKey('support', { may: ['evaluate', 'track', 'consent'] });
export const operator = newKey('on-call', { role: 'operator' });
/** A page's token, in the form that Unleash gives them. */
export const FRONTEND_TOKEN = `default:development.${randomBytes(24).toString('hex')}`;

/** A signed token of a user; claims by their default names. */
export function userToken(claims: Record<string, unknown>, { expiresIn = '10m' } = {}): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(expiresIn)
    .sign(new TextEncoder().encode(JWT_SECRET));
}

/** Headers of a page: its token, and that of its user. */
export async function page(claims?: Record<string, unknown>): Promise<Record<string, string>> {
  const identity = claims === undefined ? {} : { 'x-rampart-identity': await userToken(claims) };
  return { authorization: FRONTEND_TOKEN, ...identity };
}

/** Headers of a tenant's administrator. */
export async function tenantAdmin(tenant: string, user = 'ana'): Promise<Record<string, string>> {
  return {
    authorization: `Bearer ${await userToken({ sub: user, tenant_id: tenant, roles: ['ai_admin'] })}`,
  };
}

/** Starts gateways over a stand-in for Unleash that serves given flags; everything is closed after the test. */
export interface GatewayStarter {
  (
    options?: Partial<GatewayOptions> & {
      readonly flags?: Flags;
      /** Listens on a free port of 127.0.0.1. */
      readonly listen?: boolean;
      /** Lives until the file ends: for one gateway that all its tests share, started in `beforeAll`. */
      readonly keep?: boolean;
      /** Is given the gateway before it has any route. */
      readonly inspect?: (app: App) => void;
    },
  ): Promise<App>;
  /** Address of the stand-in that serves these flags, for gateways that share it. */
  unleashUrl(flags: Flags): string;
}

export function useGateway(): GatewayStarter {
  const server = new FlagServer();
  const apps: App[] = [];
  const kept: App[] = [];
  let folder: string;
  let databases = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rampart-gateway-'));
    await server.start();
    const template = join(folder, 'template');
    await prepareEmbedded(template);
    const first = createControl({ database: { folder: template }, secret: SECRET });
    await first.ready();
    await first.close();
  });
  afterEach(async () => {
    for (const app of apps.splice(0).toReversed()) await app.close();
  });
  afterAll(async () => {
    for (const app of kept) await app.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const unleashUrl = (flags: Flags): string => server.serve(flags);
  const start = async ({
    flags = FLAGS,
    listen = false,
    keep = false,
    inspect,
    ...options
  }: Parameters<GatewayStarter>[0] = {}) => {
    const database = { folder: join(folder, `database-${(databases += 1)}`) };
    if (options.database === undefined) cpSync(join(folder, 'template'), database.folder, { recursive: true });
    const app = createGateway({
      unleash: { url: unleashUrl(flags), token: 'default:development.test', refreshInterval: 600_000 },
      database,
      secret: SECRET,
      keys: [service.configured, operator.configured],
      frontend: { askUnleash: false, tokens: [{ name: 'page', hash: hashKey(FRONTEND_TOKEN) }] },
      identity: { issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], sharedKey: JWT_SECRET },
      logLevel: 'silent',
      // Measurements of 1970 are none to be deleted.
      eventDays: 36_500,
      limits: { perUser: { points: 10_000 } },
      ...options,
    });
    inspect?.(app);
    (keep ? kept : apps).push(app);
    await app.ready();
    await vi.waitFor(async () => {
      const { statusCode } = await app.inject('/readyz');
      if (statusCode !== 200) throw new Error(`not ready: ${statusCode}`);
    }, 20_000);
    if (listen) await app.listen({ port: 0, host: '127.0.0.1' });
    return app;
  };
  return Object.assign(start, { unleashUrl });
}
