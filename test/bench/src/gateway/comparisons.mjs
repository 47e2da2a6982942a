import { aiFlags, plainFlags } from './flag-sets.mjs';
import { compareLoad } from './load.mjs';
import { ask, contextOf, frontendRequests, ofrepRequests, openPlace } from './place.mjs';

const SINGLE = '/ofrep/v1/evaluate/flags/ai.feature-0';
const BULK = '/ofrep/v1/evaluate/flags';

/** Unleash's Frontend API with 50 plain flags, beside Unleash's own proxy. */
export function frontend(options) {
  return inPlace(plainFlags(50), async (place) => {
    const [gateway, proxy] = [await place.gateway(), await place.proxy()];
    const ours = side(gateway, frontendRequests('/api/frontend', place.token));
    const other = side(proxy, frontendRequests('/proxy', place.token));
    for (const one of [ours, other]) await expectToggles(one, 50);
    return compareLoad(ours, other, options);
  });
}

/** One AI decision over OFREP, beside the proxy with one plain flag. */
export async function single(options) {
  return inPlace([...aiFlags(1), ...plainFlags(0)], (place) =>
    inPlace(plainFlags(1), async (plain) => {
      const ours = side(await place.gateway(), ofrepRequests(SINGLE, place.key));
      const other = side(await plain.proxy(), frontendRequests('/proxy', plain.token));
      await expectOpen(ours);
      await expectToggles(other, 1);
      return compareLoad(ours, other, options);
    }),
  );
}

/** The same beside a route that does nothing. */
export function singleBare(options) {
  return inPlace(aiFlags(1), async (place) => {
    const ours = side(await place.gateway(), ofrepRequests(SINGLE, place.key));
    const { text } = await expectOpen(ours);
    const other = side(await place.bare(SINGLE, text), ofrepRequests(SINGLE, place.key));
    return compareLoad(ours, other, options);
  });
}

/** 500 flags at once, half of them AI, beside the proxy with 500 plain flags: flags a second. */
export function bulk(options) {
  return inPlace([...plainFlags(250), ...aiFlags(125)], (place) =>
    inPlace(plainFlags(500), async (plain) => {
      const ours = side(await place.gateway(), ofrepRequests(BULK, place.key));
      const other = side(await plain.proxy(), frontendRequests('/proxy', plain.token));
      const { flags } = JSON.parse((await ask(ours, ours.requests[0])).text);
      const named = flags.filter(({ key }) => !key.includes(':'));
      if (named.length !== 500 || named.some(({ value }) => value === false))
        throw new Error(`the bulk answer has ${named.length} flags, or one is off`);
      await expectToggles(other, 500);
      return compareLoad(ours, other, options);
    }),
  );
}

/** The answer that nothing has changed, beside the whole answer, of one gateway. */
export function unchanged(options) {
  return inPlace([...plainFlags(250), ...aiFlags(125)], async (place) => {
    const gateway = await place.gateway();
    const whole = side(gateway, ofrepRequests(BULK, place.key).slice(0, 500));
    // A tag holds for a minute where no stream is open, so each load begins with new ones.
    const known = () =>
      Promise.all(
        whole.requests.map(async (request) => {
          const etag = (await ask(gateway, request)).headers.get('etag');
          return { ...request, headers: { ...request.headers, 'if-none-match': etag } };
        }),
      );
    return compareLoad({ ...side(gateway, known), expected: 304 }, whole, options);
  });
}

async function inPlace(features, run) {
  const place = await openPlace(features);
  try {
    return await run(place);
  } finally {
    await place.stop();
  }
}

const side = ({ url, processorTime }, requests) => ({ url, processorTime, requests });

async function expectToggles(one, count) {
  const { status, text } = await ask(one, one.requests[0]);
  const toggles = status === 200 ? JSON.parse(text).toggles : undefined;
  if (toggles?.length !== count) throw new Error(`${one.url}: ${status}, ${toggles?.length} toggles, not ${count}`);
}

async function expectOpen(one) {
  const answer = await ask(one, one.requests[0]);
  const { value, metadata } = JSON.parse(answer.text);
  if (answer.status !== 200 || value !== true || metadata?.outcome !== 'enabled')
    throw new Error(`${one.url}: ${answer.status} ${answer.text}, for ${JSON.stringify(contextOf(0))}`);
  return answer;
}
