import { useChromium } from '@rampart/services/vitest';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { violationsOf } from './accessibility.js';
import { useDemo } from './demo.js';

const VIEWPORTS = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
/** What the issue promises from a click in one tab to the other tab, in ms. */
const PROMISE = 2_000;

const chromium = useChromium();
const demo = useDemo();
const contexts: BrowserContext[] = [];
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

async function newContext(options: Parameters<ReturnType<typeof chromium>['browser']['newContext']>[0] = {}) {
  // Half faded in, a text has too little contrast.
  const calm = { viewport: VIEWPORTS.desktop, reducedMotion: 'reduce' } as const;
  const context = await chromium().browser.newContext({ ...calm, ...options });
  contexts.push(context);
  return context;
}

async function open(person: string, context?: BrowserContext): Promise<Page> {
  const page = await (context ?? (await newContext())).newPage();
  await page.goto(`${demo().url}/?as=${person}`);
  return page;
}

const copilot = (page: Page) => page.getByRole('complementary', { name: 'Copilot' });
const sees = (page: Page, text: string, timeout = 10_000): Promise<void> =>
  copilot(page).getByText(text).first().waitFor({ timeout });

/** Each state of the page: as whom, and what is there to be seen. */
const STATES = [
  ['suggestion', 'ana', 'Suggested reply'],
  ['confirmation', 'finn', 'Ready to send'],
  ['autonomous', 'eve', 'Sent for you.'],
  ['paywall', 'bo', 'Upgrade to pro'],
  ['consent required', 'cleo', 'Ask your admin'],
  ['unavailable', 'dan', 'The copilot is taking a break'],
] as const;

describe.each(['desktop', 'phone'] as const)('on a %s', (device) => {
  const shown = { viewport: VIEWPORTS[device], isMobile: device === 'phone', hasTouch: device === 'phone' };

  it.each(STATES)('shows %s, as axe-core would have it', async (_state, person, text) => {
    const page = await open(person, await newContext(shown));
    await sees(page, text);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violationsOf(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
  });

  it('shows who to be, what an unsure copilot says, and the settings', async () => {
    const context = await newContext(shown);
    const start = await context.newPage();
    await start.goto(demo().url);
    await start.getByRole('button', { name: 'Ana, agent at Acme' }).waitFor();
    expect(await violationsOf(start)).toEqual([]);
    const unsure = await open('finn', context);
    await unsure.getByRole('button', { name: 'Lena Fischer' }).click();
    await sees(unsure, 'This one needs you');
    expect(await violationsOf(unsure)).toEqual([]);
    const settings = await open('ada', context);
    await settings.getByRole('switch', { name: 'Reply copilot', checked: true }).waitFor();
    expect(await violationsOf(settings)).toEqual([]);
  });
});

describe('what a person can do', () => {
  it('inserts a suggestion and sends it', async () => {
    const page = await open('ana');
    await sees(page, 'Written by AI');
    await copilot(page).getByRole('button', { name: 'Insert into reply' }).click();
    const reply = page.getByRole('textbox', { name: 'Your reply to Priya Nair' });
    expect(await reply.inputValue()).toContain('Hi Priya');
    await page.getByRole('button', { name: 'Send reply' }).click();
    await sees(page, 'Answered.');
  });

  it('sends with one click', async () => {
    const page = await open('finn');
    await copilot(page).getByRole('button', { name: 'Send this reply' }).click();
    await page.getByRole('article').filter({ hasText: 'just now' }).getByText('Hi Priya').waitFor();
  });

  it('takes back what was sent by itself', async () => {
    const page = await open('eve');
    const sent = page.getByRole('article').filter({ hasText: 'sent by the copilot' });
    await sent.waitFor();
    await copilot(page).getByRole('button', { name: 'Undo' }).click();
    await sees(page, 'Ready to send');
    expect(await sent.count()).toBe(0);
  });

  it('says of each suggestion once whether it helped', async () => {
    const page = await open('finn');
    await copilot(page)
      .getByRole('group', { name: 'Was this helpful?' })
      .getByRole('button', { name: 'Not helpful' })
      .click();
    await sees(page, 'Thank you.');
    await page.getByRole('button', { name: 'Tomás Herrera' }).click();
    await copilot(page).getByRole('button', { name: 'Helpful', exact: true }).click();
    await sees(page, 'Thank you.');
    const { events } = await demo().control.store.events({ name: 'feedback' });
    const by = { tenant: 'orchard', user: 'finn', flag: 'ai.reply-copilot' };
    expect(events).toMatchObject([
      { ...by, value: 0 },
      { ...by, value: 1 },
    ]);
  });

  it('asks the admin, who decides', async () => {
    const agent = await open('cleo');
    await copilot(agent).getByRole('button', { name: 'Ask your admin' }).click();
    await copilot(agent).getByRole('button', { name: 'Your admin was asked' }).waitFor();
    const admin = await open('ines');
    await admin.getByText('Cleo would like to use the copilot').waitFor();
    await admin.getByRole('switch', { name: 'Reply copilot' }).focus();
    await admin.keyboard.press('Space');
    await sees(agent, 'Sent for you.');
    await demo().say('ines', 'initech', 'opt_out');
    await sees(agent, 'The copilot is off for Initech.');
    expect(await violationsOf(agent)).toEqual([]);
  });

  it('does all of it with the keyboard', async () => {
    const page = await (await newContext()).newPage();
    await page.goto(demo().url);
    await page.getByRole('button', { name: 'Ana, agent at Acme' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await sees(page, 'Suggested reply');
    const focused = (): Promise<string> =>
      page.evaluate('document.activeElement.innerText || document.activeElement.id');
    const tabTo = async (name: string): Promise<void> => {
      for (let step = 0; step < 15 && (await focused()) !== name; step += 1) await page.keyboard.press('Tab');
      expect(await focused()).toBe(name);
    };
    await tabTo('Insert into reply');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Space');
    expect(await page.getByRole('textbox').inputValue()).toContain('Hi Priya');
    await tabTo('Not helpful');
  });
});

describe('in another tab, without reload', () => {
  it("an admin's opt-out is seen in under two seconds, and the opt-in", async () => {
    const context = await newContext();
    const agent = await open('ana', context);
    await sees(agent, 'Suggested reply');
    const admin = await open('ada', context);
    const consent = admin.getByRole('switch', { name: 'Reply copilot' });
    await consent.click();
    await sees(agent, 'The copilot is off for Acme.', PROMISE);
    await admin.getByRole('switch', { name: 'Reply copilot', checked: false }).click();
    await sees(agent, 'Suggested reply');
  });

  it("an admin's choice of mode is seen, and who chose it is in the history", async () => {
    const context = await newContext();
    const agent = await open('ana', context);
    await sees(agent, 'Suggested reply');
    const admin = await open('ada', context);
    await admin.getByRole('radio', { name: 'Suggest' }).focus();
    await admin.keyboard.press('ArrowDown');
    await sees(agent, 'Ready to send', PROMISE);
    await admin.getByRole('listitem').first().getByText('chose “Ask before sending”').waitFor();
    expect(await admin.getByRole('listitem').first().textContent()).toContain('ada');
    await admin.getByRole('radio', { name: 'Suggest' }).click();
    await sees(agent, 'Suggested reply');
  });

  it('a kill is seen, and the revival', async () => {
    const page = await open('ana');
    await sees(page, 'Suggested reply');
    const by = { actor: 'on call', reason: 'a test' };
    await demo().control.apply({ kind: 'kill', kill: { id: 'k', scope: { tenant: 'acme' }, reason: 'a test' } }, by);
    await sees(page, 'The copilot is taking a break', PROMISE);
    await demo().control.apply({ kind: 'revive', id: 'k' }, { ...by, expected: 'any' });
    await sees(page, 'Suggested reply');
  });
});

describe('a page never shows', () => {
  it('what belongs to the person before', async () => {
    const page = await open('ana');
    await sees(page, 'Suggested reply');
    await page.getByRole('button', { name: 'Switch person' }).click();
    await page.getByRole('button', { name: 'Bo, agent at Globex' }).click();
    await sees(page, 'Upgrade to pro');
    expect(await copilot(page).getByText('Suggested reply').count()).toBe(0);
  });

  it('what the browser has stored of somebody else, while the gateway can not be reached', async () => {
    const context = await newContext();
    const before = await open('ana', context);
    await sees(before, 'Suggested reply');
    await before.close();
    await context.route('**/api/frontend', (route) => route.abort());
    const page = await open('bo', context);
    await sees(page, 'The copilot can’t be reached');
  });

  it('models and prompts: they are in nothing that it receives', async () => {
    const context = await newContext();
    const received: Promise<string>[] = [];
    context.on('response', (response) => received.push(response.text().catch(() => '')));
    const page = await open('eve', context);
    await sees(page, 'Sent for you.');
    // The stream of events never ends.
    const texts = await Promise.all(received.map((text) => Promise.race([text, later('')])));
    expect(texts.filter((text) => text.includes('ai.reply-copilot')).length).toBeGreaterThan(0);
    expect(texts.filter((text) => /model-w|You answer customers/.test(text))).toEqual([]);
  });
});

const by = { actor: 'on call', reason: 'a test', expected: 'any' };
const consents = (tenant: string, state: 'opt_in' | 'opt_out' | 'unset') =>
  demo().control.apply({ kind: 'consent', tenant, featureClass: 'reply_copilot', consent: { state } }, by);
const automatic = (page: Page) => page.getByRole('article').filter({ hasText: 'sent by the copilot' });
/** Long enough for a reply that goes out by itself to have gone. */
const settled = (page: Page): Promise<void> => page.waitForTimeout(500);

describe('nothing goes out by itself', () => {
  async function undo(page: Page): Promise<void> {
    await automatic(page).waitFor();
    await copilot(page).getByRole('button', { name: 'Undo' }).click();
    await sees(page, 'Ready to send');
  }

  async function staysUndone(page: Page): Promise<void> {
    await sees(page, 'Ready to send');
    await settled(page);
    expect(await automatic(page).count()).toBe(0);
  }

  it('that was undone: not when the ticket is opened again, nor after the copilot was off', async () => {
    const page = await open('eve');
    await undo(page);
    await page.getByRole('button', { name: 'Tomás Herrera' }).click();
    await page.getByRole('button', { name: 'Priya Nair' }).click();
    await staysUndone(page);
    await demo().control.apply({ kind: 'kill', kill: { id: 'u', scope: { tenant: 'lumen' }, reason: 'a test' } }, by);
    await sees(page, 'The copilot is taking a break');
    await demo().control.apply({ kind: 'revive', id: 'u' }, by);
    await staysUndone(page);
  });

  it('that was undone: not after a look at the settings, where no draft is lost either', async () => {
    await consents('initech', 'opt_in');
    const page = await open('ines');
    await page.getByRole('button', { name: 'Inbox' }).click();
    await undo(page);
    await page.getByRole('textbox').fill('My own words');
    await page.getByRole('button', { name: 'AI settings' }).click();
    await page.getByRole('button', { name: 'Inbox' }).click();
    await staysUndone(page);
    expect(await page.getByRole('textbox').inputValue()).toBe('My own words');
    await consents('initech', 'opt_out');
  });

  it('over a reply that somebody has begun to write', async () => {
    const context = await newContext();
    const { held, release } = hold();
    await context.route('**/demo/suggestions', (route) => held.then(() => route.continue()));
    const page = await open('eve', context);
    await page.getByRole('textbox').fill('Dear Priya');
    release();
    await sees(page, 'Ready to send');
    await settled(page);
    expect(await automatic(page).count()).toBe(0);
    await copilot(page).getByRole('button', { name: 'Edit first' }).click();
    expect(await page.getByRole('textbox').inputValue()).toMatch(/^Dear Priya\n\nHi Priya/);
  });
});

describe("an admin's choice", () => {
  const preference = async (tenant: string) => {
    const [item] = await demo().control.store.items({ kind: 'preference', tenant });
    return item?.change;
  };
  const prefer = (mode: 'suggestion' | 'confirmation', bands = {}) =>
    demo().control.apply({ kind: 'preference', tenant: 'acme', mode, bands }, by);

  it('of a mode leaves the stricter bands as they are', async () => {
    const bands = { autoAbove: 0.99 };
    await prefer('suggestion', bands);
    const page = await open('ada');
    await page.getByRole('radio', { name: 'Ask before sending' }).click();
    await page.getByRole('listitem').first().getByText('chose “Ask before sending”').waitFor();
    expect(await preference('acme')).toMatchObject({ mode: 'confirmation', bands });
    await prefer('suggestion');
  });

  it('does not overwrite what another admin chose since: it is shown', async () => {
    const page = await open('ada');
    await page.getByRole('radio', { name: 'Suggest', checked: true }).waitFor();
    await prefer('suggestion', { autoAbove: 0.97 });
    await page.getByRole('radio', { name: 'Send by itself' }).click();
    await page.getByRole('alert').getByText('Somebody else changed the settings').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('radio', { name: 'Suggest', checked: true }).waitFor();
    expect(await preference('acme')).toMatchObject({ mode: 'suggestion', bands: { autoAbove: 0.97 } });
    // Whoever has seen it may decide.
    await page.getByRole('radio', { name: 'Ask before sending' }).click();
    await page.getByRole('listitem').first().getByText('chose “Ask before sending”').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    await prefer('suggestion');
  });

  it('to turn it on does not overwrite an opt-out since', async () => {
    await demo().say('ada', 'acme', 'opt_out');
    const page = await open('ada');
    const consent = page.getByRole('switch', { name: 'Reply copilot', checked: false });
    await consent.waitFor();
    await demo().say('ada', 'acme', 'opt_in');
    await demo().say('ada', 'acme', 'opt_out');
    await consent.click();
    await page.getByRole('alert').getByText('Somebody else changed the settings').waitFor();
    await consent.click();
    await page.getByRole('switch', { name: 'Reply copilot', checked: true }).waitFor();
  });
});

describe('a page that can not know', () => {
  const claim = (page: Page) => copilot(page).getByText('The copilot is off for');

  it('says that it is asking, not that the copilot is off', async () => {
    const context = await newContext();
    const { held, release } = hold();
    await context.route('**/api/frontend', (route) => held.then(() => route.continue()));
    const page = await open('ana', context);
    await sees(page, 'Checking what you may use');
    expect(await violationsOf(page)).toEqual([]);
    expect(await claim(page).count()).toBe(0);
    release();
    await sees(page, 'Suggested reply');
  });

  it('says that the gateway can not be reached, and goes on when it can', async () => {
    const context = await newContext();
    await context.route(`${demo().gateway}/**`, (route) => route.abort());
    const page = await open('ana', context);
    await sees(page, 'The copilot can’t be reached');
    expect(await violationsOf(page)).toEqual([]);
    expect(await claim(page).count()).toBe(0);
    await context.unroute(`${demo().gateway}/**`);
    await sees(page, 'Suggested reply', 30_000);
  }, 60_000);

  it('says so too when it was changed to somebody else', async () => {
    const context = await newContext();
    const page = await open('ana', context);
    await sees(page, 'Suggested reply');
    await context.route('**/api/frontend', (route) => route.abort());
    await page.getByRole('button', { name: 'Switch person' }).click();
    await page.getByRole('button', { name: 'Bo, agent at Globex' }).click();
    await sees(page, 'The copilot can’t be reached');
    expect(await claim(page).count()).toBe(0);
  });
});

describe('what failed says so, and can be tried again', () => {
  const alert = (page: Page, text: string) => page.getByRole('alert').getByText(text).waitFor();

  it('the start of the page', async () => {
    const context = await newContext();
    await context.route('**/demo/settings', (route) => route.fulfill({ status: 503 }));
    const page = await open('ana', context);
    await alert(page, 'Harbor Desk could not be loaded.');
    expect(await violationsOf(page)).toEqual([]);
    await context.unroute('**/demo/settings');
    await page.getByRole('button', { name: 'Try again' }).click();
    await sees(page, 'Suggested reply');
  });

  it('signing in', async () => {
    const context = await newContext();
    await context.route('**/demo/sign-in', (route) => route.abort());
    const page = await open('ana', context);
    await alert(page, 'You could not be signed in.');
    expect(await violationsOf(page)).toEqual([]);
    await context.unroute('**/demo/sign-in');
    await page.getByRole('button', { name: 'Ana, agent at Acme' }).click();
    await sees(page, 'Suggested reply');
  });

  it('asking the admin', async () => {
    await consents('initech', 'unset');
    const context = await newContext();
    await context.route('**/demo/asks', (route) => route.fulfill({ status: 401 }));
    const page = await open('cleo', context);
    await copilot(page).getByRole('button', { name: 'Ask your admin' }).click();
    await alert(page, 'Your admin could not be asked.');
    expect(await violationsOf(page)).toEqual([]);
    await context.unroute('**/demo/asks');
    await copilot(page).getByRole('button', { name: 'Ask your admin' }).click();
    await copilot(page).getByRole('button', { name: 'Your admin was asked' }).waitFor();
  });

  it('feedback', async () => {
    const context = await newContext();
    await context.route('**/v1/events', (route) => route.abort());
    const page = await open('ana', context);
    await copilot(page).getByRole('button', { name: 'Helpful', exact: true }).click();
    await alert(page, 'That could not be recorded.');
    expect(await violationsOf(page)).toEqual([]);
    await context.unroute('**/v1/events');
    await copilot(page).getByRole('button', { name: 'Helpful', exact: true }).click();
    await sees(page, 'Thank you.');
  });

  it('reading the settings', async () => {
    const context = await newContext();
    await context.route('**/v1/tenants/**', (route) => route.abort());
    const page = await open('ada', context);
    await alert(page, 'The settings could not be read.');
    expect(await page.getByRole('main').getAttribute('aria-busy')).toBe('false');
    expect(await violationsOf(page)).toEqual([]);
    await context.unroute('**/v1/tenants/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('switch', { name: 'Reply copilot', checked: true }).waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  it('a draft: closed meanwhile is not unsure, and neither is no answer', async () => {
    const context = await newContext();
    await context.route('**/demo/suggestions', (route) => route.fulfill({ json: { kind: 'closed' } }));
    const page = await open('ana', context);
    await sees(page, 'Closed a moment ago');
    expect(await violationsOf(page)).toEqual([]);
    await context.unroute('**/demo/suggestions');
    await context.route('**/demo/suggestions', (route) => route.fulfill({ status: 500 }));
    await copilot(page).getByRole('button', { name: 'Try again' }).click();
    await sees(page, 'The copilot didn’t answer');
    expect(await violationsOf(page)).toEqual([]);
    await context.unroute('**/demo/suggestions');
    await copilot(page).getByRole('button', { name: 'Try again' }).click();
    await sees(page, 'Suggested reply');
    expect(await copilot(page).getByText('sure enough').count()).toBe(0);
  });
});

/** Keeps whoever awaits `held` waiting until `release`. */
function hold(): { readonly held: Promise<void>; readonly release: () => void } {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { held, release };
}

const later = (value: string): Promise<string> =>
  new Promise((resolve) => void setTimeout(() => resolve(value), 1_000));
