import { randomBytes } from 'node:crypto';
import { type GatewayOptions, hashKey } from '@rampart/gateway';
import { SignJWT } from 'jose';
import type { Credentials } from './requests.js';

const ISSUER = 'https://login.example.com';
const AUDIENCE = 'rampart';

/** Callers of every kind, and what a gateway has to know to let them in. */
export interface Callers {
  readonly credentials: Credentials;
  readonly options: Pick<GatewayOptions, 'keys' | 'frontend' | 'identity' | 'webhookSecret'>;
}

/** Makes callers of every kind, the wrong ones too. */
export async function newCallers(): Promise<Callers> {
  const random = (): string => randomBytes(24).toString('hex');
  const keys = { service: random(), tracker: random(), operator: random() };
  const page = `default:development.${random()}`;
  const sharedKey = random();
  const webhookSecret = random();
  const token = (claims: Record<string, unknown>, expires = '1d') => signed(claims, sharedKey, expires);
  const user = { sub: 'ana', tenant_id: 'acme', tier: 'pro', region: 'eu', labels: [], cohorts: ['internal'] };
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
  return {
    credentials: {
      nobody: {},
      wrong: bearer(random()),
      service: bearer(keys.service),
      tracker: bearer(keys.tracker),
      operator: bearer(keys.operator),
      page: { authorization: page },
      user: { authorization: page, 'x-rampart-identity': await token(user) },
      expired: { authorization: page, 'x-rampart-identity': await token(user, '-1h') },
      admin: bearer(await token({ ...user, roles: ['ai_admin'] })),
      operatorByToken: bearer(await token({ sub: 'olga', roles: ['ai_operator'] })),
      webhook: bearer(webhookSecret),
    },
    options: {
      keys: [
        { name: 'service', hash: hashKey(keys.service), may: ['evaluate', 'track', 'consent'] },
        { name: 'tracker', hash: hashKey(keys.tracker), may: ['track'], flags: ['plain*'] },
        { name: 'operator', hash: hashKey(keys.operator), role: 'operator' },
      ],
      frontend: { askUnleash: false, tokens: [{ name: 'page', hash: hashKey(page) }] },
      identity: { issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], sharedKey },
      webhookSecret,
    },
  };
}

function signed(claims: Record<string, unknown>, key: string, expires: string): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(key));
}

/** No limit of requests: they would hide the rest. */
export const UNLIMITED = {
  perKey: { points: 1e9 },
  perUser: { points: 1e9 },
  perAddress: { points: 1e9 },
  refusedPerAddress: { points: 1e9 },
} as const;
