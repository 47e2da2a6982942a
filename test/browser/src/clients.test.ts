import { startTcpProxy } from '@rampart/services';
import { useChromium } from '@rampart/services/vitest';
import { createAdminClient } from '@rampart/unleash/admin';
import type { UnleashServer } from '@rampart/unleash-server';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { type Pages, servePages } from './build-pages.js';
import { useDemo } from './demo.js';

/** Clients nobody here wrote, as their newest versions are, and ours; what they show of a decision. */
const CLIENTS = [
  ['@openfeature/ofrep-web-provider', 'ofrep-web-provider.ts', true],
  ['@openfeature/react-sdk', 'react-sdk.tsx', true],
  ['unleash-proxy-client', 'unleash-proxy-client.ts', true],
  ['@unleash/proxy-client-react', 'proxy-client-react.tsx', false],
  ['@openfeature/unleash-web-provider', 'unleash-web-provider.ts', false],
  ['@rampart/web-provider', 'rampart-web-provider.ts', true],
] as const;

let pages: Pages;
const chromium = useChromium();
const demo = useDemo(async (unleash) => {
  await addPlainFlag(unleash);
  pages = await servePages(CLIENTS.map(([, file]) => file));
  return [pages.url];
});
afterAll(() => pages?.close());

async function open(file: string, person: string, gateway: string = demo().gateway): Promise<Page> {
  const context = await chromium().browser.newContext();
  const page = await context.newPage();
  const settings = {
    gateway,
    frontendToken: demo().unleash.frontendToken.development,
    identity: await demo().signIn(person),
    user: person,
  };
  await page.addInitScript(`window.settings = ${JSON.stringify(settings)}`);
  await page.goto(`${pages.url}/${file.replace(/\..*/, '')}`);
  return page;
}

async function shows(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(values))
    await expect
      .poll(() => page.textContent(`output[name=${name}]`, { timeout: 5_000 }), { timeout: 15_000 })
      .toBe(value);
}

describe.each(CLIENTS)('%s', (_name, file, decides) => {
  it('reads a plain flag and an open feature, and sees the opt-out and the opt-in', async () => {
    const page = await open(file, 'ana');
    await shows(page, { plain: 'true', ai: 'true', ...(decides && { outcome: 'enabled' }) });
    await demo().say('ada', 'acme', 'opt_out');
    await shows(page, { plain: 'true', ai: 'false', ...(decides && { outcome: 'off' }) });
    await demo().say('ada', 'acme', 'opt_in');
    await shows(page, { ai: 'true' });
    await page.context().close();
  });

  it.each([
    ['cleo', 'consent_required'],
    ['bo', 'paywall'],
    ['dan', 'unavailable'],
  ])('reads that it is closed for %s: %s', async (person, outcome) => {
    const page = await open(file, person);
    await shows(page, { plain: 'true', ai: 'false', ...(decides && { outcome }) });
    await page.context().close();
  });
});

/** Those that listen to the gateway's events, and don't poll within the time of a test. */
const LISTENING = CLIENTS.filter(([name]) =>
  ['@openfeature/ofrep-web-provider', '@rampart/web-provider'].includes(name),
);

describe.each(LISTENING)('%s, cut off from the gateway', (_name, file) => {
  it('sees what happened meanwhile once it is connected again', async () => {
    const { hostname, port } = new URL(demo().gateway);
    const proxy = await startTcpProxy({ target: { host: hostname, port: Number(port) } });
    try {
      const page = await open(file, 'ana', `http://127.0.0.1:${proxy.port}`);
      await shows(page, { ai: 'true' });
      await proxy.drop();
      await demo().say('ada', 'acme', 'opt_out');
      await proxy.heal();
      await shows(page, { ai: 'false' });
      await demo().say('ada', 'acme', 'opt_in');
      await shows(page, { ai: 'true' });
      await page.context().close();
    } finally {
      await proxy.close();
    }
  });
});

async function addPlainFlag(unleash: UnleashServer): Promise<void> {
  const client = createAdminClient({ url: unleash.url, token: unleash.adminToken, environment: 'development' });
  const where = { flag: 'plain', environment: 'development' };
  const parameters = { rollout: '100', stickiness: 'default', groupId: 'plain' };
  await client.flags.create({ flag: 'plain', type: 'release' });
  await client.rules.add(where, { name: 'flexibleRollout', parameters });
  await client.flags.switchOn(where);
}
