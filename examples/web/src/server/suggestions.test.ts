import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { PEOPLE, type Person } from './people.js';
import { suggest } from './suggestions.js';

const ANA = PEOPLE[0] as Person;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function gatewayThat(answers: RequestListener): Promise<string> {
  const server = createServer(answers);
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (status: number, body: object): RequestListener => {
  return (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

it.each<[string, RequestListener, string]>([
  ['says no', json(200, { value: { outcome: 'off', enabled: false, reason: 'x', revisions: {} } }), 'closed'],
  ['has no flags yet', json(503, { errorCode: 'GENERAL' }), 'unavailable'],
  ['does not know this service', json(401, { errorCode: 'GENERAL' }), 'unavailable'],
  ['hangs up', (request) => void request.socket.destroy(), 'unavailable'],
])('where the gateway %s', async (_what, answers, kind) => {
  const gateway = await gatewayThat(answers);
  expect(await suggest(ANA, 'password', { gateway, key: 'k' })).toEqual({ kind });
});
