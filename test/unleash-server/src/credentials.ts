import { randomBytes } from 'node:crypto';
import type { TokenSettings } from './protocol.js';

/** The environments of an open-source Unleash. */
export type UnleashEnvironment = 'development' | 'production';

const environments: readonly UnleashEnvironment[] = ['development', 'production'];

export type TokenPerEnvironment = Readonly<Record<UnleashEnvironment, string>>;

export interface Credentials {
  readonly adminToken: string;
  readonly clientToken: TokenPerEnvironment;
  readonly frontendToken: TokenPerEnvironment;
  readonly secret: string;
}

/** New secrets for one server; nothing about them can be guessed or outlives it. */
export function newCredentials(): Credentials {
  return {
    adminToken: newToken('*'),
    clientToken: { development: newToken('development'), production: newToken('production') },
    frontendToken: { development: newToken('development'), production: newToken('production') },
    secret: newSecret(),
  };
}

/** The same in the form in which Unleash takes its first tokens. */
export function tokenSettings({ adminToken, clientToken, frontendToken }: Credentials): readonly TokenSettings[] {
  return [
    { type: 'admin', environment: '*', secret: adminToken, tokenName: 'admin' },
    ...environments.flatMap((environment): TokenSettings[] => [
      { type: 'client', environment, secret: clientToken[environment], tokenName: `client-${environment}` },
      { type: 'frontend', environment, secret: frontendToken[environment], tokenName: `frontend-${environment}` },
    ]),
  ];
}

export function newSecret(): string {
  return randomBytes(28).toString('hex');
}

/** Unleash reads project and environment from the token's own text. */
function newToken(environment: string): string {
  return `*:${environment}.${newSecret()}`;
}
