import type { IConfig, UnleashClient } from 'unleash-proxy-client';
import type { EventSourceOptions } from './event-stream.js';
import type { Identity } from './identity.js';

/** Options of {@link RampartWebProvider}, with the page's own Unleash client or with options to build one. */
export type RampartWebProviderOptions = CommonOptions & (ExistingClient | BuiltClient);

export interface ExistingClient {
  /**
   * The page's own unleash-proxy-client. Its context follows OpenFeature's from now on. The provider starts and stops it, unless
   * the page has started it.
   */
  readonly client: UnleashClient;
  readonly unleash?: never;
}

export interface BuiltClient {
  /**
   * The options of `new UnleashClient`: `url` (the gateway's `/api/frontend`), `clientKey` (a frontend token), `appName`, ...
   * Contexts are sent by POST, which keeps personal data out of URLs, unless `usePOSTrequests` is false.
   */
  readonly unleash: IConfig;
  readonly client?: never;
}

export interface CommonOptions {
  /**
   * Returns the signed-in user's JWT, sent as `X-Rampart-Identity` with each fetch of flags and of the event stream's ticket;
   * undefined if no user is signed in. It may fetch a new one. The same header in the client's `customHeaders` wins.
   * @default none: without that header AI flags see no tenant and are closed. A header that the client's own `fetch` adds reaches
   * the flags only; an event stream without an identity reports no opt-outs
   */
  readonly identity?: Identity | undefined;
  /**
   * The source of change events: the gateway's URL, for its OFREP event stream, or a function that subscribes a callback and returns
   * the unsubscribe function. Polling continues. A change that can't be fetched within ten seconds closes AI flags until a retry
   * succeeds. A stream that can't be opened is retried too.
   * @default none: a change arrives with the next poll
   */
  readonly events?: string | EventSourceOptions | ((changed: () => void) => () => void) | undefined;
  /**
   * The prefix of AI flags' names, equal to the gateway's `prefix`. Such a flag is closed before the first response, after a refused
   * one, and while it is missing. `''`: only flags that the gateway has listed as AI are.
   * @default 'ai.'
   */
  readonly prefix?: string | undefined;
  /**
   * The evaluation of a flag that isn't listed. The Frontend API lists enabled flags only, so missing and disabled look
   * the same. `disabled`: false, or the caller's default for other types. `not_found`: the caller's default and FLAG_NOT_FOUND,
   * so that a MultiProvider calls the next one; a default of true then turns on a disabled flag. Before the first response
   * both return the caller's default with the detail `unconfirmed`. AI flags are closed in each of these cases, without an error code.
   * @default 'disabled'
   */
  readonly unlisted?: 'disabled' | 'not_found' | undefined;
  /**
   * How long AI flags stay open while fetching fails, in ms. Use more than the polling interval. A gateway that doesn't answer
   * within ten seconds counts as unreachable.
   * @default four polling intervals, at least a minute; without polling there is no limit
   */
  readonly closeAfterMs?: number | undefined;
}
