import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import { createRampart } from '@rampart/sdk';
import { unleash } from './settings';

/** Injects OpenFeature's client: `@Inject(FLAGS) flags: Client`. */
export const FLAGS = Symbol('flags');

async function openFlags(): Promise<Client> {
  await OpenFeature.setProviderAndWait(createRampart({ unleash }).provider);
  return OpenFeature.getClient();
}

@Global()
@Module({ providers: [{ provide: FLAGS, useFactory: openFlags }], exports: [FLAGS] })
export class RampartModule implements OnApplicationShutdown {
  onApplicationShutdown(): Promise<void> {
    return OpenFeature.close();
  }
}
