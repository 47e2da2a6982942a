import { request } from './request.js';

/** Somebody of the demo. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: 'agent' | 'admin';
  readonly tenant: string;
  readonly company: string;
  readonly tier: string;
  readonly shows: string;
}

/** What the page is told at its start. */
export interface Settings {
  readonly gateway: string;
  readonly frontendToken: string;
  readonly people: readonly Person[];
}

/** @throws RequestError */
export const fetchSettings = (): Promise<Settings> => request<Settings>('/demo/settings');

interface SignedIn {
  readonly person: Person;
  readonly token: string;
  /** In ms since 1970. */
  readonly until: number;
}

/** A token is renewed when it has less than this to live, in ms. */
const RENEW_BEFORE = 60_000;
const LIFETIME = 600_000;

/** Who is signed in. Each tab has a session of its own, so that two of them can be two people. */
export class Session {
  #current: SignedIn | undefined;

  get person(): Person | undefined {
    return this.#current?.person;
  }

  /** @throws RequestError */
  async signIn(id: string): Promise<Person> {
    const entered = await enter(id);
    this.#current = entered;
    return entered.person;
  }

  signOut(): void {
    this.#current = undefined;
  }

  /** A token that is good for a while yet; undefined for nobody. */
  async token(): Promise<string | undefined> {
    const before = this.#current;
    if (before !== undefined && before.until - Date.now() < RENEW_BEFORE) {
      const renewed = await enter(before.person.id);
      // Whoever left meanwhile is not brought back, and whoever came stays.
      if (this.#current === before) this.#current = renewed;
    }
    return this.#current?.token;
  }

  /** A request as this person, as JSON. @throws RequestError with the problem's own words */
  async ask<T>(url: string, method = 'GET', body?: object): Promise<T> {
    const headers = { authorization: `Bearer ${(await this.token()) ?? ''}`, 'content-type': 'application/json' };
    return request<T>(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  }
}

async function enter(id: string): Promise<SignedIn> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ person: id });
  const { person, token } = await request<Omit<SignedIn, 'until'>>('/demo/sign-in', { method: 'POST', headers, body });
  return { person, token, until: Date.now() + LIFETIME };
}
