import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, hashKey } from '@rampart/gateway';
import { createControl, createRampart, type DurableControl } from '@rampart/sdk';
import { createAdminClient } from '@rampart/unleash/admin';
import type { UnleashServer } from '@rampart/unleash-server';
import { buildPage } from './build-page.js';
import { ENVIRONMENT, setUpFlags } from './flags.js';
import { AUDIENCE, ISSUER, Logins } from './logins.js';
import { ON_RECORD } from './people.js';
import { createSite } from './site.js';

/** Where the demo runs. */
export interface WebDemoOptions {
  readonly unleash: UnleashServer;
  /** Of the page; where it is taken, another one. @default a free one */
  readonly port?: number;
  /** Other pages that may ask the gateway. @default none */
  readonly origins?: readonly string[];
}

/** The demo, running. */
export interface WebDemo {
  /** The page; `?as=ana` signs in as Ana. */
  readonly url: string;
  readonly gateway: string;
  /** What operators do, for tests and for those who play with it. */
  readonly control: DurableControl;
  close(): Promise<void>;
}

/** Sets up the flags in a real Unleash, and starts a gateway, the page's own server, and the page. */
export async function startWebDemo({ unleash, port = 0, origins = [] }: WebDemoOptions): Promise<WebDemo> {
  const folder = await mkdtemp(join(tmpdir(), 'rampart-web-demo-'));
  const secrets = { log: randomBytes(32).toString('hex'), login: randomBytes(32).toString('hex') };
  const key = randomBytes(24).toString('base64url');
  const client = createAdminClient({ url: unleash.url, token: unleash.adminToken, environment: ENVIRONMENT });
  await Promise.all([setUpFlags(client), buildPage(join(folder, 'page'))]);
  let gateway = '';
  const site = createSite({
    folder: join(folder, 'page'),
    logins: new Logins(secrets.login),
    decisions: () => ({ gateway, key }),
    frontendToken: unleash.frontendToken[ENVIRONMENT],
  });
  const url = await listen(site, port);
  const token = unleash.clientToken[ENVIRONMENT];
  const refreshInterval = 1_000;
  const control = createControl({ database: { folder: join(folder, 'control') }, secret: secrets.log });
  for (const change of ON_RECORD)
    await control.apply(change, { actor: 'demo', reason: 'on record before it began', expected: 'any' });
  const headers = { Authorization: token };
  const rampart = createRampart({
    unleash: { url: unleash.apiUrl, appName: 'gateway', customHeaders: headers, refreshInterval },
    control,
  });
  await rampart.provider.initialize();
  const app = createGateway({
    rampart,
    unleash: { url: unleash.apiUrl, token },
    secret: secrets.log,
    keys: [{ name: 'support', hash: hashKey(key), may: ['evaluate'], flags: ['ai.*'] }],
    identity: { issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], sharedKey: secrets.login },
    origins: [url, ...origins],
    logLevel: 'silent',
  });
  gateway = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    gateway,
    control,
    async close() {
      site.close();
      site.closeAllConnections();
      await app.close();
      await rampart.close();
      await control.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listen(site: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    site.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(listen(site, 0));
      else reject(error);
    });
    site.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${(site.address() as AddressInfo).port}`));
  });
}
