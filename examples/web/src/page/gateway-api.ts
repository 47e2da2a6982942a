import { readWebDecision } from '@rampart/web-provider';
import type { Session, Settings } from './session.js';

export type Mode = 'suggestion' | 'confirmation' | 'autonomous';

/** What the settings page shows. */
export interface TenantSettings {
  readonly agreed: boolean;
  /** Nobody has said anything yet. */
  readonly untouched: boolean;
  readonly mode: Mode | undefined;
  readonly history: readonly Entry[];
}

/** A line of the history. */
export interface Entry {
  readonly revision: string;
  readonly at: number;
  readonly actor?: string;
  readonly reason?: string;
  readonly kind: 'consent' | 'choice' | 'preference';
  readonly after: unknown;
}

interface Consents {
  readonly consents: readonly { readonly featureClass: string; readonly state: string; readonly revision?: string }[];
}

const FEATURE = 'ai.reply-copilot';
const CLASS = 'reply_copilot';

/** The tenant admin's routes of the gateway. */
export class GatewayApi {
  readonly #base: string;
  readonly #gateway: string;
  readonly #frontendToken: string;
  readonly #session: Session;

  constructor({ gateway, frontendToken }: Settings, session: Session, tenant: string) {
    this.#gateway = gateway;
    this.#frontendToken = frontendToken;
    this.#base = `${gateway}/v1/tenants/${encodeURIComponent(tenant)}`;
    this.#session = session;
  }

  async settings(): Promise<TenantSettings> {
    const [{ consents }, { mode }, { entries }] = await Promise.all([
      this.#session.ask<Consents>(`${this.#base}/consents`),
      this.#session.ask<{ readonly mode?: Mode }>(`${this.#base}/preferences`),
      this.#session.ask<{ readonly entries: readonly Entry[] }>(`${this.#base}/history`),
    ]);
    const state = consents.find(({ featureClass }) => featureClass === CLASS)?.state ?? 'unset';
    return { agreed: state === 'opt_in', untouched: state === 'unset', mode, history: entries.toReversed() };
  }

  async agree(state: 'opt_in' | 'opt_out'): Promise<void> {
    // Opting in says which state was read, so that two admins can't overwrite each other unseen.
    const { consents } = await this.#session.ask<Consents>(`${this.#base}/consents`);
    const expected = consents.find(({ featureClass }) => featureClass === CLASS)?.revision;
    const reason = 'said so in the settings';
    await this.#session.ask(`${this.#base}/consents/${CLASS}`, 'PUT', { state, reason, expected });
  }

  async choose(mode: Mode): Promise<void> {
    const { revision: expected } = await this.#session.ask<{ readonly revision?: string }>(`${this.#base}/preferences`);
    const reason = 'said so in the settings';
    await this.#session.ask(`${this.#base}/preferences`, 'PUT', { mode, reason, expected });
  }

  /** A ticket for one suggestion, so that each can be rated: the flags' own is one for all until they change. */
  async ticket(): Promise<string | undefined> {
    const answer = await this.#post(`/ofrep/v1/evaluate/flags/${FEATURE}:object`, {});
    return readWebDecision(((await answer.json()) as { readonly value?: unknown }).value).feedback;
  }

  /** Says once whether a suggestion helped. */
  async feedback(ticket: string, helpful: boolean): Promise<void> {
    await this.#post('/v1/events', { events: [{ name: 'feedback', decision: ticket, helpful }] });
  }

  async #post(path: string, body: object): Promise<Response> {
    const headers = {
      authorization: this.#frontendToken,
      'x-rampart-identity': (await this.#session.token()) ?? '',
      'content-type': 'application/json',
    };
    const response = await fetch(this.#gateway + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`the answer was ${response.status}`);
    return response;
  }
}
