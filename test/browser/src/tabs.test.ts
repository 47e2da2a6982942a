import { useChromium } from '@rampart/services/vitest';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { type Pages, servePages } from './build-pages.js';
import { useDemo } from './demo.js';

/** A browser opens six connections to a server over HTTP/1.1: more tabs than that need to share. */
const TABS = 9;

let pages: Pages;
const chromium = useChromium();
const demo = useDemo(async () => {
  pages = await servePages(['rampart-web-provider.ts']);
  return [pages.url];
});
afterAll(() => pages?.close());

async function openTab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${pages.url}/rampart-web-provider`);
  return page;
}

async function show(tabs: readonly Page[], outcome: string, within: number): Promise<void> {
  const seen = () => Promise.all(tabs.map((page) => page.textContent('output[name=outcome]', { timeout: 10_000 })));
  await expect.poll(seen, { timeout: within }).toEqual(tabs.map(() => outcome));
}

it('nine tabs share one event stream, and all see a change at once, also when the one that listens is closed', async () => {
  const context = await chromium().browser.newContext();
  const settings = {
    gateway: demo().gateway,
    frontendToken: demo().unleash.frontendToken.development,
    identity: await demo().signIn('ana'),
    user: 'ana',
  };
  await context.addInitScript(`window.settings = ${JSON.stringify(settings)}`);
  const streams = new Set<object>();
  context.on('request', (request) => {
    if (request.url().includes('/ofrep/v1/events')) streams.add(request);
  });
  context.on('requestfailed', (request) => streams.delete(request));
  context.on('requestfinished', (request) => streams.delete(request));
  const tabs: Page[] = [];
  for (let at = 0; at < TABS; at += 1) tabs.push(await openTab(context));
  await show(tabs, 'enabled', 15_000);
  expect(streams.size).toBe(1);
  await demo().say('ada', 'acme', 'opt_out');
  await show(tabs, 'off', 5_000);
  await demo().say('ada', 'acme', 'opt_in');
  await show(tabs, 'enabled', 5_000);
  await tabs.shift()?.close();
  await demo().say('ada', 'acme', 'opt_out');
  await show(tabs, 'off', 5_000);
  await demo().say('ada', 'acme', 'opt_in');
  await show(tabs, 'enabled', 5_000);
  await context.close();
});
