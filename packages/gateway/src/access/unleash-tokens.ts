import { hash } from 'node:crypto';
import { proxyFetch } from '@rampart/sdk/operator';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { Refusal } from '../service/refusal.js';
import type { BrowserPrincipal } from './principal.js';

/** How long Unleash's yes counts before it is asked again, in ms. */
const YES_FRESH = 60_000;
/** How long it counts while Unleash can't be asked, in ms. */
const YES_GOOD = 60 * 60_000;
/** How long its no counts, in ms. */
const NO_FRESH = 10_000;
const TIMEOUT = 3_000;
/** Questions under way at once: unknown tokens come from anybody. */
const MOST_QUESTIONS = 20;

/** The form of Unleash's tokens, `projects:environment.secret`, so that nothing else is worth a question. */
const FORM = /^[^\s:]{1,200}:[^\s:.]{1,100}\.[\w-]{8,128}$/;

const answer = z.object({
  tokens: z.array(
    z.object({
      token: z.string(),
      type: z.string().optional(),
      environment: z.string().optional(),
      projects: z.array(z.string()).optional(),
    }),
  ),
});

/** Options of {@link UnleashTokens}. */
export interface UnleashTokensOptions {
  /** As an SDK takes it, with /api. */
  readonly url: string;
  /** The gateway's own client token: its environment is the one whose frontend tokens count. */
  readonly token: string;
  readonly log?: { warn(message: string): void } | undefined;
  readonly now?: (() => number) | undefined;
}

interface Yes {
  readonly principal: BrowserPrincipal;
  readonly askedAt: number;
}

/**
 * Which frontend tokens Unleash knows, asked where Edge asks it: `POST /edge/validate`. What it said yes to stays good for an
 * hour while it can't be asked.
 */
export class UnleashTokens {
  readonly #yes = new LRUCache<string, Yes>({ max: 10_000 });
  readonly #no = new LRUCache<string, number>({ max: 10_000 });
  readonly #asking = new Map<string, Promise<BrowserPrincipal | undefined>>();
  readonly #address: string;
  readonly #own: string;
  readonly #log: UnleashTokensOptions['log'];
  readonly #now: () => number;
  #isDown = false;

  constructor({ url, token, log, now = Date.now }: UnleashTokensOptions) {
    this.#address = `${url.replace(/\/+$/, '').replace(/\/api$/, '')}/edge/validate`;
    this.#own = token;
    this.#log = log;
    this.#now = now;
  }

  /** Whose token it is, where that is known without asking. */
  known(token: string): BrowserPrincipal | undefined {
    const yes = this.#yes.get(nameOf(token));
    return yes !== undefined && this.#now() - yes.askedAt < YES_FRESH ? yes.principal : undefined;
  }

  /** Whose token it is; undefined where it is nobody's. @throws Refusal 503 where only Unleash knows and doesn't answer */
  async check(token: string): Promise<BrowserPrincipal | undefined> {
    const name = nameOf(token);
    const known = this.known(token);
    if (known !== undefined) return known;
    if (!FORM.test(token) || this.#now() < (this.#no.get(name) ?? 0)) return undefined;
    let question = this.#asking.get(name);
    if (question === undefined) {
      question = this.#ask(token, name).finally(() => this.#asking.delete(name));
      this.#asking.set(name, question);
    }
    return question;
  }

  async #ask(token: string, name: string): Promise<BrowserPrincipal | undefined> {
    try {
      const principal = await this.#answer(token, name);
      this.#isDown = false;
      if (principal === undefined) {
        this.#no.set(name, this.#now() + NO_FRESH);
        this.#yes.delete(name);
      } else this.#yes.set(name, { principal, askedAt: this.#now() });
      return principal;
    } catch (error) {
      if (!this.#isDown) this.#log?.warn(`frontend tokens can't be checked: ${(error as Error).message}`);
      this.#isDown = true;
      const yes = this.#yes.get(name);
      if (yes !== undefined && this.#now() - yes.askedAt < YES_GOOD) return yes.principal;
      throw new Refusal(503, 'tokens_unavailable', 'tokens can not be checked now: try again', { retryAfter: 5 });
    }
  }

  async #answer(token: string, name: string): Promise<BrowserPrincipal | undefined> {
    if (this.#asking.size > MOST_QUESTIONS) throw new Error('too many questions at once');
    const response = await proxyFetch(this.#address, {
      method: 'POST',
      // Without a header of its own: Unleash refuses a client token in it here, and the question carries the tokens.
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ tokens: [this.#own, token] }),
      signal: AbortSignal.timeout(TIMEOUT),
      redirect: 'error',
    });
    if (!response.ok) throw new Error(`Unleash answered ${response.status}`);
    const { tokens } = answer.parse(await response.json());
    const own = tokens.find((entry) => entry.token === this.#own);
    const found = tokens.find((entry) => entry.token === token);
    if (own === undefined) throw new Error("Unleash doesn't know the gateway's own token");
    if (found?.type?.toLowerCase() !== 'frontend' || found.environment !== own.environment) return undefined;
    const { projects = ['*'] } = found;
    // The fingerprint tells tokens apart in logs and counts, and is none.
    const fingerprint = `unleash-${Buffer.from(name, 'base64').toString('hex').slice(0, 12)}`;
    return {
      kind: 'browser',
      name: fingerprint,
      projects: projects.includes('*') ? undefined : new Set(projects),
      identity: undefined,
    };
  }
}

function nameOf(token: string): string {
  return hash('sha256', token, 'base64');
}
