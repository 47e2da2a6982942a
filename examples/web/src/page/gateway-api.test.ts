import { expect, it } from 'vitest';
import { GatewayApi, MOST_ENTRIES } from './gateway-api.js';
import type { Session } from './session.js';

const PAGE = 1_000;

/** A log of so many entries, as the gateway pages through it: oldest first. */
function logOf(length: number): Pick<Session, 'ask'> {
  const entries = Array.from({ length }, (_none, index) => ({ revision: `e.${index + 1}` }));
  const answer = (url: string): unknown => {
    const { pathname, searchParams } = new URL(url);
    if (pathname.endsWith('/consents')) return { consents: [] };
    if (pathname.endsWith('/preferences')) return {};
    const from = Number(searchParams.get('after'));
    const next = from + PAGE;
    return { entries: entries.slice(from, next), ...(next <= length && { next }) };
  };
  return { ask: async (url) => answer(url) as never };
}

it.each([0, 3, MOST_ENTRIES + 1, PAGE, 2 * PAGE + 1])('shows the newest of %i changes', async (length) => {
  const settings = { gateway: 'http://gateway.test', frontendToken: 'f', people: [] };
  const { history } = await new GatewayApi(settings, logOf(length) as Session, 'acme').settings();
  const shown = Math.min(length, MOST_ENTRIES);
  expect(history.map(({ revision }) => revision)).toEqual(
    Array.from({ length: shown }, (_none, index) => `e.${length - index}`),
  );
});
