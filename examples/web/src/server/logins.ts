import { jwtVerify, SignJWT } from 'jose';
import { PEOPLE, type Person } from './people.js';

export const ISSUER = 'http://login.demo';
export const AUDIENCE = 'harbor';

/** How long a token lasts, in seconds. */
const LIFETIME = 600;

/** A login of the demo: it believes everybody. Its key lives as long as the demo. */
export class Logins {
  readonly #key: Uint8Array;

  /** @param secret shared with the gateway, which checks the tokens */
  constructor(secret: string) {
    this.#key = new TextEncoder().encode(secret);
  }

  /** Undefined for somebody who isn't in the demo. */
  async signIn(id: unknown): Promise<{ readonly person: Person; readonly token: string } | undefined> {
    const person = PEOPLE.find((one) => one.id === id);
    if (person === undefined) return undefined;
    const claims = {
      tenant_id: person.tenant,
      tier: person.tier,
      region: 'eu',
      labels: [],
      cohorts: [],
      roles: person.role === 'admin' ? ['ai_admin'] : [],
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(person.id)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${LIFETIME}s`)
      .sign(this.#key);
    return { person, token };
  }

  /** Who a token is of; undefined for one that isn't good. */
  async whoIs(authorization: string | undefined): Promise<Person | undefined> {
    const token = authorization?.replace(/^Bearer /, '') ?? '';
    const checks = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'] };
    const verified = await jwtVerify(token, this.#key, checks).catch(() => undefined);
    return PEOPLE.find(({ id }) => id === verified?.payload.sub);
  }
}
