import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { useGateway } from '../fixture.js';
import { newCallers, UNLIMITED } from './callers.js';
import { fuzz } from './fuzz.js';
import { knownValues } from './known-values.js';
import type { Document } from './requests.js';

const gateway = useGateway();

/** A short form of `npm run fuzz`, with another seed each day; the failure names it. */
test('1,500 generated requests: no 5xx, no hang, and it serves on', { timeout: 180_000 }, async () => {
  const { credentials, options } = await newCallers();
  const app = await gateway({ ...options, limits: UNLIMITED, listen: true, exposures: true });
  const document = (await app.inject('/openapi.json')).json() as Document;
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const seed = Math.floor(Date.now() / 86_400_000);
  const { failures, requests, byStatus } = await fuzz({
    url,
    document,
    credentials,
    known: await knownValues(url, credentials),
    requests: 1_500,
    seed,
  });
  expect(failures).toEqual([]);
  expect(requests).toBe(1_500);
  expect(Object.keys(byStatus)).toEqual(expect.arrayContaining(['200', '400', '401', '403', '404', '405']));
  const answer = await app.inject({
    method: 'POST',
    url: '/ofrep/v1/evaluate/flags/plain',
    headers: credentials['service'] ?? {},
    payload: { context: { targetingKey: 'ana' } },
  });
  expect([answer.statusCode, answer.json()]).toMatchObject([200, { value: true }]);
});
