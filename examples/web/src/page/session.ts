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

export async function fetchSettings(): Promise<Settings> {
  const response = await fetch('/demo/settings');
  return (await response.json()) as Settings;
}

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

  async signIn(id: string): Promise<Person> {
    const response = await fetch('/demo/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ person: id }),
    });
    if (!response.ok) throw new Error('nobody of that name is in the demo');
    const { person, token } = (await response.json()) as Omit<SignedIn, 'until'>;
    this.#current = { person, token, until: Date.now() + LIFETIME };
    return person;
  }

  signOut(): void {
    this.#current = undefined;
  }

  /** A token that is good for a while yet; undefined for nobody. */
  async token(): Promise<string | undefined> {
    if (this.#current !== undefined && this.#current.until - Date.now() < RENEW_BEFORE)
      await this.signIn(this.#current.person.id);
    return this.#current?.token;
  }

  /** A request as this person, as JSON. @throws Error with the problem's own words */
  async ask<T>(url: string, method = 'GET', body?: object): Promise<T> {
    const headers = { authorization: `Bearer ${(await this.token()) ?? ''}`, 'content-type': 'application/json' };
    const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const answer = (await response.json()) as T & { readonly detail?: string };
    if (!response.ok) throw new Error(answer.detail ?? `the answer was ${response.status}`);
    return answer;
  }
}
