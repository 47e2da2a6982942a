import { useChromium } from '@rampart/services/vitest';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { violationsOf } from './accessibility.js';
import { useDemo } from './demo.js';

const chromium = useChromium();
const demo = useDemo();
const contexts: BrowserContext[] = [];
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

const by = { actor: 'a test', reason: 'a test', expected: 'any' };
const consents = (tenant: string, state: 'opt_in' | 'unset') =>
  demo().control.apply({ kind: 'consent', tenant, featureClass: 'reply_copilot', consent: { state } }, by);

async function open(person: string, options: { readonly colorScheme?: 'light' | 'dark' } = {}): Promise<Page> {
  const context = await chromium().browser.newContext({ reducedMotion: 'reduce', ...options });
  contexts.push(context);
  const page = await context.newPage();
  await page.goto(`${demo().url}/?as=${person}`);
  return page;
}

/** Keeps changes from being saved until `release`; `sent` are their modes and states. */
async function holdChanges(page: Page): Promise<{ readonly sent: readonly unknown[]; readonly release: () => void }> {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sent: unknown[] = [];
  await page.route('**/v1/tenants/**', async (route) => {
    if (route.request().method() === 'PUT') {
      const { mode, state } = route.request().postDataJSON() as { readonly mode?: string; readonly state?: string };
      sent.push(mode ?? state);
      await held;
    }
    await route.continue();
  });
  return { sent, release };
}

const saving = (page: Page): Promise<void> => page.locator('main[aria-busy="true"]').waitFor();
const saved = (page: Page): Promise<void> => page.locator('main[aria-busy="false"]').waitFor();
/** The value, else the role, else the name of what has the focus. */
const focused = (page: Page): Promise<string> =>
  page.evaluate('document.activeElement.value || document.activeElement.role || document.activeElement.innerText');

describe('while a change is saved, and after it', () => {
  it('the switch keeps the focus, shows what is saved, and takes nothing else', async () => {
    const page = await open('ada');
    const { sent, release } = await holdChanges(page);
    const consent = page.getByRole('switch', { name: 'Reply copilot', checked: true });
    await consent.focus();
    await page.keyboard.press('Space');
    await saving(page);
    await page.keyboard.press('Space');
    expect(await focused(page)).toBe('switch');
    expect([await consent.getAttribute('aria-disabled'), await consent.getAttribute('disabled')]).toEqual([
      'true',
      null,
    ]);
    expect(await violationsOf(page)).toEqual([]);
    release();
    await saved(page);
    expect(await focused(page)).toBe('switch');
    expect(sent).toEqual(['opt_out']);
    await page.keyboard.press('Space');
    await consent.waitFor();
    await saved(page);
    expect(await focused(page)).toBe('switch');
  });

  it('the modes keep the focus, and each arrow key counts', async () => {
    const page = await open('ada');
    const { sent, release } = await holdChanges(page);
    await page.getByRole('radio', { name: 'Suggest', checked: true }).focus();
    await page.keyboard.press('ArrowDown');
    await saving(page);
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('autonomous');
    release();
    await saved(page);
    expect(sent).toEqual(['confirmation', 'autonomous']);
    await page.getByRole('radio', { name: 'Send by itself', checked: true }).waitFor();
    expect(await focused(page)).toBe('autonomous');
    const [item] = await demo().control.store.items({ kind: 'preference', tenant: 'acme' });
    expect(item?.change).toMatchObject({ mode: 'autonomous' });
  });

  it('a choice that could not be saved is taken back, with those made meanwhile', async () => {
    const page = await open('ada');
    const chosen = page.getByRole('radio', { checked: true });
    await chosen.waitFor();
    const before = await chosen.inputValue();
    await page.route('**/preferences', (route) =>
      route.request().method() === 'PUT' ? route.abort() : route.continue(),
    );
    await chosen.focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.getByRole('alert').getByText('That could not be saved.').waitFor();
    await saved(page);
    expect(await chosen.inputValue()).toBe(before);
  });

  it('whoever asked the admin stays where they are', async () => {
    const page = await open('cleo');
    await page.getByRole('button', { name: 'Ask your admin' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Your admin was asked' }).waitFor();
    expect(await focused(page)).toBe('Your admin was asked');
    expect(await violationsOf(page)).toEqual([]);
  });
});

describe('where nobody has agreed yet', () => {
  it.each(['light', 'dark'] as const)('the admin is led to where she can, in %s', async (colorScheme) => {
    const page = await open('ines', { colorScheme });
    await page.getByRole('button', { name: 'Inbox' }).click();
    const copilot = page.getByRole('complementary', { name: 'Copilot' });
    await copilot.getByText('You decide first').waitFor();
    expect(await copilot.getByText('Ask your admin').count()).toBe(0);
    expect(await violationsOf(page)).toEqual([]);
    await copilot.getByRole('button', { name: 'Open the settings' }).focus();
    await page.keyboard.press('Enter');
    // What was pressed is gone.
    expect(await focused(page)).toBe('AI settings');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    await page.getByRole('switch', { name: 'Reply copilot', checked: false }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('switch');
    await page.keyboard.press('Space');
    await page.getByRole('switch', { name: 'Reply copilot', checked: true }).waitFor();
    await page.getByRole('button', { name: 'Inbox' }).click();
    await copilot.getByText('Sent for you.').waitFor();
    await consents('initech', 'unset');
    await copilot.getByText('You decide first').waitFor();
  });
});
