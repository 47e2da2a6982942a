import { readWebDecision } from '@rampart/web-provider';
import { request } from './request.js';
import type { Session, Settings } from './session.js';

export type Mode = 'suggestion' | 'confirmation' | 'autonomous';

/** What the settings page shows. */
export interface TenantSettings {
  readonly agreed: boolean;
  /** Nobody has said anything yet. */
  readonly untouched: boolean;
  readonly mode: Mode | undefined;
  /** Newest first; {@link MOST_ENTRIES} at most. */
  readonly history: readonly Entry[];
  /** What a change says that it is made of, so that two admins can't overwrite each other unseen. */
  readonly read: { readonly consent: string | undefined; readonly preferences: Preferences };
}

interface Preferences {
  readonly mode?: Mode;
  /** Least confidence for each route. This page does not show them, and leaves them as they are. */
  readonly bands?: object;
  readonly revision?: string;
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

/** What the next change is made of. */
interface Written {
  readonly revision: string;
}

interface HistoryPage {
  readonly entries: readonly Entry[];
  readonly next?: number;
}

/** Most entries of the history that are shown. */
export const MOST_ENTRIES = 100;
const REASON = 'said so in the settings';
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

  /** @throws RequestError */
  async settings(): Promise<TenantSettings> {
    const [{ consents }, preferences, history] = await Promise.all([
      this.#session.ask<Consents>(`${this.#base}/consents`),
      this.#session.ask<Preferences>(`${this.#base}/preferences`),
      this.#history(),
    ]);
    const { state, revision } = consents.find(({ featureClass }) => featureClass === CLASS) ?? { state: 'unset' };
    const read = { consent: revision, preferences };
    return { agreed: state === 'opt_in', untouched: state === 'unset', mode: preferences.mode, history, read };
  }

  /** Gives the settings with it. @throws RequestError, of status 409 where somebody has changed it since it was read */
  async agree(agreed: boolean, settings: TenantSettings): Promise<TenantSettings> {
    const { read } = settings;
    const body = { state: agreed ? 'opt_in' : 'opt_out', reason: REASON, expected: read.consent };
    const { revision } = await this.#session.ask<Written>(`${this.#base}/consents/${CLASS}`, 'PUT', body);
    return { ...settings, agreed, untouched: false, read: { ...read, consent: revision } };
  }

  /** Gives the settings with it. @throws RequestError, as `agree` */
  async choose(mode: Mode, settings: TenantSettings): Promise<TenantSettings> {
    const { read } = settings;
    const { bands, revision: expected } = read.preferences;
    // What is left out is no wish any more.
    const body = { mode, bands, reason: REASON, expected };
    const { revision } = await this.#session.ask<Written>(`${this.#base}/preferences`, 'PUT', body);
    return { ...settings, mode, read: { ...read, preferences: { ...read.preferences, mode, revision } } };
  }

  /** The gateway gives it oldest first, page by page. */
  async #history(): Promise<readonly Entry[]> {
    let newest: readonly Entry[] = [];
    let after: number | undefined = 0;
    while (after !== undefined) {
      const page: HistoryPage = await this.#session.ask(`${this.#base}/history?limit=1000&after=${after}`);
      newest = [...newest, ...page.entries].slice(-MOST_ENTRIES);
      after = page.next;
    }
    return newest.toReversed();
  }

  /** A ticket for one suggestion, so that each can be rated: the flags' own is one for all until they change. */
  async ticket(): Promise<string | undefined> {
    const path = `/ofrep/v1/evaluate/flags/${FEATURE}:object`;
    const { value } = await this.#post<{ readonly value?: unknown }>(path, {});
    return readWebDecision(value).feedback;
  }

  /** Says once whether a suggestion helped. */
  async feedback(ticket: string, helpful: boolean): Promise<void> {
    await this.#post('/v1/events', { events: [{ name: 'feedback', decision: ticket, helpful }] });
  }

  async #post<T>(path: string, body: object): Promise<T> {
    const headers = {
      authorization: this.#frontendToken,
      'x-rampart-identity': (await this.#session.token()) ?? '',
      'content-type': 'application/json',
    };
    return request<T>(this.#gateway + path, { method: 'POST', headers, body: JSON.stringify(body) });
  }
}
