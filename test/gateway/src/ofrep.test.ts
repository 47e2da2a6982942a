import type { App } from '@rampart/gateway';
import { beforeAll, describe, expect, it } from 'vitest';
import { service, useGateway } from './fixture.js';

const gateway = useGateway();
const ada = { targetingKey: 'ada', tenantId: 'acme', tier: 'pro', labels: [] };

let app: App;
beforeAll(async () => {
  app = await gateway({ keep: true });
});

const ask = (key: string, context: unknown = ada, headers: Record<string, string> = service.headers) =>
  app.inject({ method: 'POST', url: `/ofrep/v1/evaluate/flags/${key}`, headers, payload: { context } });

describe('one flag, asked by a service', () => {
  it('answers an AI flag by whether it is enabled, its decision in the metadata', async () => {
    const answer = await ask('ai.copilot');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toMatchObject({
      key: 'ai.copilot',
      value: false,
      reason: 'TARGETING_MATCH',
      metadata: { outcome: 'consent_required', gate: 'consent', detail: 'unset' },
    });
  });

  it('knows missing flags', async () => {
    const answer = await ask('nope');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ key: 'nope', errorCode: 'FLAG_NOT_FOUND' });
  });
});
