import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { newFolder } from './folder.js';
import { ensureInstalled } from './installation.js';
import { requireFile } from './products.js';
import { type Server, startServer } from './server.js';

export interface ChromiumServer extends Pick<Server, 'folder' | 'pid' | 'stop'> {
  /** Playwright's, connected. `newContext` gives a profile of its own, as a private window has. */
  readonly browser: Browser;
}

/** It asks nobody about anything, and draws without a graphics card. */
const QUIET = [
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a Chromium with a profile of its own. @throws Error with what it said when it does not start. */
export async function startChromium(): Promise<ChromiumServer> {
  await ensureInstalled(['chromium']);
  const folder = await newFolder('chromium');
  // Chromium refuses to be root inside its sandbox.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const server = await startServer({
    name: 'Chromium',
    command: requireFile('chromium', 'chromium'),
    args: (port) => [
      ...QUIET,
      ...sandbox,
      `--user-data-dir=${join(folder, 'profile')}`,
      `--remote-debugging-port=${port}`,
      'about:blank',
    ],
    folder,
    answers: async (port) => (await fetch(`http://127.0.0.1:${port}/json/version`)).ok,
  });
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${server.port}`);
  return {
    folder,
    browser,
    get pid() {
      return server.pid;
    },
    async stop() {
      await browser.close().catch(() => {});
      await server.stop();
    },
  };
}
