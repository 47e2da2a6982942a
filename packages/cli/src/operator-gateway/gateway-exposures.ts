import type { ExposurePage, ExposureQuery } from '@rampart/sdk/operator';
import { exposuresAnswer } from './answers.js';
import type { GatewayClient } from './gateway-client.js';

/** One page of a change's exposures, through a gateway. @throws GatewayError */
export function readGatewayExposures(client: GatewayClient, query: ExposureQuery): Promise<ExposurePage> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const path = `/v1/exposures?${search.toString()}`;
  return client.send({ method: 'GET', path, answer: exposuresAnswer });
}
