import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChromiumServer, startChromium } from './chromium.js';

let chromium: ChromiumServer;

beforeAll(async () => {
  chromium = await startChromium();
}, 600_000);
afterAll(() => chromium?.stop());

it('opens pages; contexts share nothing', async () => {
  const site = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<h1>Hi</h1>'));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const [one, other] = [await chromium.browser.newContext(), await chromium.browser.newContext()];
  const page = await one.newPage();
  await page.goto(url);
  expect(await page.textContent('h1')).toBe('Hi');
  await page.evaluate("localStorage.setItem('x', '1')");
  const second = await other.newPage();
  await second.goto(url);
  expect(await second.evaluate("localStorage.getItem('x')")).toBeNull();
  await one.close();
  await other.close();
  site.close();
});

it('leaves nothing behind', async () => {
  const { folder } = chromium;
  await chromium.stop();
  expect([chromium.pid, existsSync(folder)]).toEqual([undefined, false]);
});
