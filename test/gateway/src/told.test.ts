import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InMemoryControl } from '@rampart/core';
import type { App } from '@rampart/gateway';
import type { Rampart } from '@rampart/sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStream, refetches, uriOf, validatorIn } from './event-source.js';
import { FLAGS, type Flags, page, useGateway } from './fixture.js';
import { consent, memoryRampart } from './memory-rampart.js';

const gateway = useGateway();
const ada = { sub: 'ada', tenant_id: 'acme', tier: 'pro', labels: [] };
const OFF = {
  features: (FLAGS.features as readonly { name: string }[]).map((flag) =>
    flag.name === 'ai.copilot' ? { ...flag, enabled: false } : flag,
  ),
};
const ODD = `${'A'.repeat(22)}.`;

let unleash: Server;
let served: Flags;
let fetched: number;
let rampart: Rampart<InMemoryControl>;
let app: App;

// The gateway that a page asks: not the one that told it.
beforeEach(async () => {
  [served, fetched] = [FLAGS, 0];
  unleash = createServer((request, response) => {
    const isFetch = request.url?.includes('/client/features') ?? false;
    if (isFetch) fetched += 1;
    response.setHeader('content-type', 'application/json');
    response.end(isFetch ? JSON.stringify({ version: 2, ...served }) : '{}');
  });
  await new Promise<void>((resolve) => unleash.listen(0, '127.0.0.1', resolve));
  const { port } = unleash.address() as AddressInfo;
  rampart = await memoryRampart(`http://127.0.0.1:${port}/api`, consent('acme'));
  app = await gateway({ rampart });
  fetched = 0;
});
afterEach(async () => {
  await rampart.close();
  unleash.closeAllConnections();
  await new Promise((resolve) => unleash.close(resolve));
});

/** How a gateway names these flags when it tells of them. */
async function nameOf(flags: Flags): Promise<string> {
  const other = await memoryRampart(gateway.unleashUrl(flags), consent('acme'));
  const teller = await gateway({ rampart: other, listen: true });
  const payload = { context: {} };
  const url = '/ofrep/v1/evaluate/flags';
  const answer = await teller.inject({ method: 'POST', url, headers: await page(ada), payload });
  const stream = await openStream(teller, uriOf(answer));
  other.control.apply(consent('acme'));
  await vi.waitFor(() => expect(refetches(stream)).toHaveLength(1));
  stream.close();
  await other.close();
  return `${validatorIn(refetches(stream)[0]).split('.')[0]}.`;
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly hasAi: boolean | undefined;
}

interface Protocol {
  ask(told?: string, etag?: string): Promise<Answer>;
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  OFREP: {
    async ask(told, etag) {
      const url = `/ofrep/v1/evaluate/flags${told === undefined ? '' : `?flagConfigEtag=${told}`}`;
      const headers = { ...(await page(ada)), ...(etag !== undefined && { 'if-none-match': etag }) };
      const response = await app.inject({ method: 'POST', url, headers, payload: { context: {} } });
      const { flags } = (response.body === '' ? {} : response.json()) as { flags?: { key: string; value: unknown }[] };
      return {
        status: response.statusCode,
        etag: response.headers['etag'] as string | undefined,
        hasAi: flags && flags.find(({ key }) => key === 'ai.copilot')?.value === true,
      };
    },
  },
  'the Frontend API': {
    async ask(told, etag) {
      const url = `/api/frontend?userId=ada${told === undefined ? '' : `&flagConfigEtag=${told}`}`;
      const headers = { ...(await page(ada)), ...(etag !== undefined && { 'if-none-match': etag }) };
      const response = await app.inject({ method: 'GET', url, headers });
      const { toggles } = (response.body === '' ? {} : response.json()) as {
        toggles?: { name: string; enabled: boolean }[];
      };
      return {
        status: response.statusCode,
        etag: response.headers['etag'] as string | undefined,
        hasAi: toggles && toggles.find(({ name }) => name === 'ai.copilot')?.enabled === true,
      };
    },
  },
};

describe.each(Object.entries(PROTOCOLS))('a page that was told and asks over %s', (_name, { ask }) => {
  test('is answered "unchanged" where this gateway has what it was told of', async () => {
    const { etag, hasAi } = await ask();
    expect(hasAi).toBe(true);
    expect(await ask(`${(await nameOf(FLAGS)).slice(0, -1)}.1`, etag)).toMatchObject({ status: 304, etag });
    expect(fetched).toBe(0);
  });

  test('waits for newer flags also while fetching them pauses: one fetch for all who wait', async () => {
    const newer = await nameOf(OFF);
    const { etag } = await ask();
    await ask(ODD);
    expect(fetched).toBe(1);
    served = OFF;
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(newer, etag)));
    expect(answers.map(({ status, hasAi }) => [status, hasAi])).toEqual(answers.map(() => [200, false]));
    expect(answers[0]?.etag).toBeDefined();
    expect(fetched).toBe(2);
  });

  test('is never answered "unchanged" from other flags, nor given a tag that would stand later', async () => {
    const newer = await nameOf(OFF);
    const { etag } = await ask();
    // Unleash has not heard of it itself.
    expect(await ask(newer, etag)).toEqual({ status: 200, etag: undefined, hasAi: true });
    served = OFF;
    expect(await ask(newer, etag)).toMatchObject({ status: 200, etag: expect.any(String), hasAi: false });
  });

  test('waits for a fetch that began after it asked', async () => {
    const newer = await nameOf(OFF);
    const { etag } = await ask();
    const { refresh } = rampart.flags;
    const arrivals: (() => void)[] = [];
    rampart.flags.refresh = () => new Promise((resolve) => arrivals.push(resolve));
    const early = ask(ODD);
    await vi.waitFor(() => expect(arrivals).toHaveLength(1));
    const late = ask(newer, etag);
    await new Promise((resolve) => setTimeout(resolve, 50));
    served = OFF;
    rampart.flags.refresh = refresh as NonNullable<typeof refresh>;
    arrivals[0]?.();
    expect(await early).toMatchObject({ status: 200, hasAi: true });
    expect(await late).toMatchObject({ status: 200, hasAi: false });
  });

  test('is answered within three seconds where nothing comes, and not "unchanged"', async () => {
    const { etag } = await ask();
    rampart.flags.refresh = () => new Promise(() => {});
    const since = performance.now();
    await Promise.all([ask(ODD, etag), new Promise((resolve) => setTimeout(resolve, 1_900))]);
    expect(await ask(ODD, etag)).toEqual({ status: 200, etag: undefined, hasAi: true });
    expect(performance.now() - since).toBeLessThan(6_000);
  });

  test('finds AI closed where what is recorded can not be shown to be what it was told of', async () => {
    const { etag, hasAi } = await ask();
    expect(hasAi).toBe(true);
    // The opt-out is written elsewhere, and this process can't read it, but may answer from before for some seconds.
    const load = vi.fn(async () => {});
    Object.assign(rampart.control, { load });
    expect(await ask('.2', etag)).toEqual({ status: 200, etag: undefined, hasAi: false });
    expect(load).toHaveBeenCalledWith(undefined, '2');
    rampart.control.apply(consent('acme', 'opt_out'));
    expect(await ask('.2', etag)).toMatchObject({ status: 200, etag: expect.any(String), hasAi: false });
    rampart.control.apply(consent('acme'));
    expect(await ask('.3', etag)).toMatchObject({ status: 304 });
  });
});

test('who names flags that there never were has them fetched once a second, over all protocols', async () => {
  const until = performance.now() + 2_500;
  const asked: Promise<Answer>[] = [];
  while (performance.now() < until) {
    for (const { ask } of Object.values(PROTOCOLS)) asked.push(ask(ODD));
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await Promise.all(asked);
  expect(fetched).toBeGreaterThanOrEqual(3);
  expect(fetched).toBeLessThanOrEqual(5);
});
