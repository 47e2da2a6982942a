import { createGateway } from '@rampart/gateway';

const PLENTY = { points: 1_000_000, seconds: 1 };

/** Ours as it is run, but for limits that a load test is there to exceed. */
export async function start({ unleash, folder, keys, frontend, more = {} }) {
  const app = createGateway({
    unleash: { url: unleash, token: 'default:development.bench', refreshInterval: 600_000 },
    database: { folder },
    secret: 'a secret of the benchmark and of nobody else',
    keys,
    frontend: { askUnleash: false, tokens: frontend },
    limits: { perKey: PLENTY, perUser: PLENTY, perAddress: PLENTY, refusedPerAddress: PLENTY, streamsPerUser: 10_000 },
    logLevel: 'error',
    ...more,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  for (;;) {
    const { statusCode } = await app.inject('/readyz');
    if (statusCode === 200) return app.server.address().port;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
