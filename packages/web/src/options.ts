import type { IConfig, UnleashClient } from 'unleash-proxy-client';
import type { EventSourceOptions } from './event-stream.js';
import type { Identity } from './identity.js';

/** Whose client fetches: the page's own, or one that is built. */
export type RampartWebProviderOptions = CommonOptions & (ExistingClient | BuiltClient);

export interface ExistingClient {
  /**
   * An unleash-proxy-client that the page already has. Its context follows OpenFeature's from now on. It is started if nobody
   * has, and stopped only then.
   */
  readonly client: UnleashClient;
  readonly unleash?: never;
}

export interface BuiltClient {
  /**
   * What `new UnleashClient` takes: `url` (the gateway's `/api/frontend`), `clientKey` (a frontend token), `appName`, ...
   * Contexts are posted, so that no personal data stands in addresses, unless `usePOSTrequests` is false.
   */
  readonly unleash: IConfig;
  readonly client?: never;
}

export interface CommonOptions {
  /**
   * Gives the signed-in user's JWT, as `X-Rampart-Identity`, for each fetch of flags and of the event stream's ticket; undefined
   * for nobody. It may fetch a new one. Where the client's `customHeaders` have that header, it stands.
   * @default none: without that header AI flags see no tenant and are closed. What a given client's own `fetch` adds serves the
   * flags alone, and an event stream that nobody is signed in to doesn't tell of opt-outs
   */
  readonly identity?: Identity | undefined;
  /**
   * Hears of changes at once instead of with the next poll: the gateway's address (its OFREP event stream is used), or a
   * function that calls back on every change and returns how to stop. Polling goes on beside it. A change that can't be fetched
   * within ten seconds closes AI flags, and is tried again until an answer comes. A stream that can't be had is tried again too.
   * @default none: a change is seen with the next poll
   */
  readonly events?: string | EventSourceOptions | ((changed: () => void) => () => void) | undefined;
  /**
   * How the names of AI flags begin, as the gateway's `prefix` says. Such a flag is closed wherever nothing is known of it: before
   * the first answer, after a refused one, while it is missing. `''`: only flags that the gateway has listed as AI are.
   * @default 'ai.'
   */
  readonly prefix?: string | undefined;
  /**
   * What to answer for a flag that isn't listed. The Frontend API lists enabled flags only, so missing and disabled look
   * the same. `disabled`: false, or the caller's default for other types. `not_found`: the caller's default and FLAG_NOT_FOUND,
   * so that a MultiProvider asks the next one; a default of true then turns on what was switched off. Before the first answer
   * both give the caller's default with the detail `unconfirmed`. AI flags are closed in each of these cases, without an error code.
   * @default 'disabled'
   */
  readonly unlisted?: 'disabled' | 'not_found' | undefined;
  /**
   * How long AI flags stay as they were while nothing can be fetched, in ms; then they close. Longer than the interval of
   * the polls. A gateway that is silent for ten seconds counts as one that can't be reached.
   * @default four polls, and at least a minute; without polls there is no limit
   */
  readonly closeAfter?: number | undefined;
}
