// Writes docs/screenshots: the demo's page as a real Chromium draws it.
// Usage: npx tsx test/browser/src/screenshots.ts [FOLDER]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startWebDemo } from '@rampart/example-web';
import { startChromium } from '@rampart/services';
import { startUnleashServer } from '@rampart/unleash-server';

const DESKTOP = { width: 1180, height: 640 };
const PHONE = { width: 390, height: 780 };
/** How long a phone shows a scroll bar after scrolling, in ms, and then some. */
const SCROLL_BAR_FADES = 1_500;

/** A file, as whom, what has to be there, and how it is looked at. */
const SHOTS = [
  ['suggestion', 'ana', 'Suggested reply', DESKTOP, 'light'],
  ['confirmation', 'finn', 'Ready to send', DESKTOP, 'light'],
  ['autonomous-dark', 'eve', 'Sent for you.', DESKTOP, 'dark'],
  ['settings', 'ada', 'How much it may do', { width: 1180, height: 840 }, 'light'],
  ['paywall-phone', 'bo', 'Upgrade to pro', PHONE, 'light'],
  ['ask-your-admin-phone', 'cleo', 'Ask your admin', PHONE, 'dark'],
  ['unavailable-phone', 'dan', 'Not available right now', PHONE, 'light'],
] as const;

const folder = process.argv[2] ?? fileURLToPath(new URL('../../../docs/screenshots', import.meta.url));
await mkdir(folder, { recursive: true });
const unleash = await startUnleashServer();
const demo = await startWebDemo({ unleash });
const chromium = await startChromium();
try {
  for (const [name, person, text, viewport, colorScheme] of SHOTS) {
    const touch = viewport === PHONE && { isMobile: true, hasTouch: true };
    const context = await chromium.browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce', ...touch });
    const page = await context.newPage();
    await page.goto(`${demo.url}/?as=${person}`);
    const there = page.getByText(text).first();
    await there.waitFor();
    // On a phone the copilot is below the conversation.
    if (viewport === PHONE) await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await page.waitForTimeout(SCROLL_BAR_FADES);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await context.close();
  }
} finally {
  await chromium.stop();
  await demo.close();
  await unleash.stop();
}
