import type { AddressInfo } from 'node:net';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { service, useGateway } from './fixture.js';

/** No consent is recorded for this tenant. */
const CLOSED = { targetingKey: 'bo', tenantId: 'globex', tier: 'pro', region: 'eu', labels: [] };

describe("a closed feature, asked with OpenFeature's provider for servers", () => {
  const gateway = useGateway();
  let client: Client;

  beforeAll(async () => {
    const app = await gateway({ listen: true, keep: true });
    const baseUrl = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    await OpenFeature.setProviderAndWait(
      new OFREPProvider({ baseUrl, headers: [['Authorization', service.headers.authorization]] }),
    );
    client = OpenFeature.getClient();
  });
  afterAll(() => OpenFeature.close());

  it('is false as a boolean, whatever the default, and names its gate', async () => {
    const details = await client.getBooleanDetails('ai.copilot', true, CLOSED);
    expect(details).toMatchObject({ value: false, flagMetadata: { outcome: 'consent_required' } });
    expect(details.errorCode).toBeUndefined();
  });

  it('is a decision as an object', async () => {
    const details = await client.getObjectDetails('ai.copilot:object', {}, CLOSED);
    expect(details).toMatchObject({ value: { enabled: false, outcome: 'consent_required' } });
    expect(details.errorCode).toBeUndefined();
  });

  // It takes an answer without a value for none.
  it('is the default as a string or a number, with an error and without its gate', async () => {
    const text = await client.getStringDetails('ai.copilot:string', 'mine', CLOSED);
    expect(text).toMatchObject({ value: 'mine', errorCode: 'GENERAL', flagMetadata: {} });
    const number = await client.getNumberDetails('ai.copilot:number', 7, CLOSED);
    expect(number).toMatchObject({ value: 7, errorCode: 'GENERAL', flagMetadata: {} });
  });
});
