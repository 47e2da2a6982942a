import { randomUUID } from 'node:crypto';
import { useRedis } from '@rampart/services/vitest';
import { expect, test } from 'vitest';
import { service, useGateway } from './fixture.js';

const redis = useRedis();
const gateway = useGateway();

test('gateways of one environment count a key together; where Redis is gone, each by itself', async () => {
  const shared = { redis: redis().url, environment: randomUUID(), limits: { perKey: { points: 10, seconds: 60 } } };
  const gateways = [await gateway(shared), await gateway(shared)];
  const ask = async (at: number): Promise<number> => {
    const request = {
      method: 'POST',
      url: '/ofrep/v1/evaluate/flags/plain',
      headers: { ...service.headers },
      payload: {},
    } as const;
    const answer = await gateways[at % 2]?.inject(request);
    return answer?.statusCode ?? 0;
  };
  const statuses: number[] = [];
  for (let at = 0; at < 16; at += 1) statuses.push(await ask(at));
  expect(statuses.filter((status) => status === 200)).toHaveLength(10);
  expect(statuses.slice(10)).toEqual(Array.from({ length: 6 }, () => 429));

  const alone = { ...shared, redis: 'redis://127.0.0.1:2', environment: randomUUID() };
  gateways.splice(0, 2, await gateway(alone));
  const without: number[] = [];
  for (let at = 0; at < 12; at += 1) without.push(await ask(0));
  expect(without.filter((status) => status === 200)).toHaveLength(10);
});
