import { type Client, type EvaluationContext, OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { InMemoryStorageProvider, type IStorageProvider } from 'unleash-proxy-client';
import { RampartWebProvider, type RampartWebProviderOptions } from '../src/index.js';
import { type Answer, type Asked, FetchDouble } from './fetch-double.js';

export const ANA: EvaluationContext = { targetingKey: 'ana', tenantId: 'acme' };
export const BO: EvaluationContext = { targetingKey: 'bo', tenantId: 'globex' };

export interface Served {
  readonly client: Client;
  readonly provider: RampartWebProvider;
  readonly gateway: FetchDouble;
  /** Events of OpenFeature in the order of their coming: a type, and the flags that changed. */
  readonly heard: string[];
}

type More = Pick<RampartWebProviderOptions, 'events' | 'unlisted' | 'closeAfterMs' | 'prefix'> & {
  readonly identity?: () => string | undefined | Promise<string | undefined>;
  readonly storage?: IStorageProvider;
  readonly context?: EvaluationContext;
  readonly customHeaders?: Record<string, string>;
  /** Polls so often, in s. */
  readonly refreshInterval?: number | undefined;
};

/** Our provider, over a real unleash-proxy-client, over a double of fetch. Polls only when told, unless it is given how often. */
export async function serve(answer: (asked: Asked) => Answer, more: More = {}): Promise<Served> {
  const { started, ...served } = start(new FetchDouble(answer), more);
  await started.catch(() => {});
  return served;
}

/** The same without waiting for its start. */
export function start(gateway: FetchDouble, more: More = {}): Served & { readonly started: Promise<void> } {
  const {
    storage = new InMemoryStorageProvider(),
    context = ANA,
    refreshInterval,
    customHeaders = {},
    ...options
  } = more;
  const provider = new RampartWebProvider({
    ...options,
    unleash: {
      url: 'http://gateway.test/api/frontend',
      clientKey: 'default:development.secret',
      appName: 'page',
      fetch: gateway.fetch,
      customHeaders,
      ...(refreshInterval === undefined ? { disableRefresh: true } : { refreshInterval }),
      metricsIntervalInitial: 0,
      metricsInterval: 3_600,
      storageProvider: storage,
    },
  });
  const client = OpenFeature.getClient();
  const heard: string[] = [];
  for (const type of Object.values(ProviderEvents)) {
    client.addHandler(type, (details) => {
      const flags = details && 'flagsChanged' in details ? `: ${String(details.flagsChanged)}` : '';
      heard.push(`${type.replace('PROVIDER_', '')}${flags}`);
    });
  }
  const started = OpenFeature.setProviderAndWait(provider, context);
  return { client, provider, gateway, heard, started };
}
