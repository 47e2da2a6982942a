import type { Logger } from '@openfeature/server-sdk';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import type { FlagDefinition } from '@rampart/core';
import { RampartProvider, type RampartProviderOptions } from '../src/index.js';
import { consented } from './definitions.js';
import { FakeFlags } from './fake-flags.js';

/** A logger that records its lines. */
export class Lines implements Logger {
  readonly lines: string[] = [];
  readonly error: (...line: unknown[]) => void = (...line) => this.lines.push(`error ${line.join(' ')}`);
  readonly warn: (...line: unknown[]) => void = (...line) => this.lines.push(`warn ${line.join(' ')}`);
  readonly info: (...line: unknown[]) => void = () => {};
  readonly debug: (...line: unknown[]) => void = () => {};
}

let domains = 0;

export interface Running {
  readonly flags: FakeFlags;
  readonly provider: RampartProvider;
  readonly client: Client;
  readonly domain: string;
  readonly lines: string[];
}

/** Starts a provider with flags from the server, in its own domain. */
export async function serve(
  definitions: readonly FlagDefinition[],
  options: Partial<RampartProviderOptions> = {},
  flags: FakeFlags = new FakeFlags(),
): Promise<Running> {
  const logger = new Lines();
  const provider = new RampartProvider({ flags, control: consented(), logger, ...options });
  const domain = `domain-${domains++}`;
  flags.load(definitions);
  await OpenFeature.setProviderAndWait(domain, provider);
  return { flags, provider, client: OpenFeature.getClient(domain), domain, lines: logger.lines };
}
