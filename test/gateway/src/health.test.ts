import { expect, test } from 'vitest';
import { useGateway } from './fixture.js';

const gateway = useGateway();

test('is alive, and ready once flags and consent are known', async () => {
  const app = await gateway();
  expect((await app.inject('/healthz')).json()).toEqual({ status: 'alive' });
  expect((await app.inject('/readyz')).json()).toEqual({ ready: true, flags: true, consent: true, draining: false });
});
