import { useUnleashServer } from '@rampart/unleash-server/vitest';
import { describe, expect, test } from 'vitest';
import { useGateway } from './fixture.js';

describe.each(['7', '8'] as const)('frontend tokens of Unleash %s', (version) => {
  const unleash = useUnleashServer(version);
  const gateway = useGateway();

  test('let pages in, of this environment alone, until they are deleted', async () => {
    const { apiUrl, clientToken, frontendToken, adminToken } = unleash();
    const app = await gateway({
      unleash: { url: apiUrl, token: clientToken.development },
      frontend: { askUnleash: true },
      inspect: (made) => {
        made.get('/who', { config: { callers: ['browser', 'service'] } }, ({ principal }) => principal);
      },
    });
    const who = async (token: string) => {
      const answer = await app.inject({ url: '/who', headers: { authorization: token } });
      return [answer.statusCode, (answer.json() as { kind?: string }).kind];
    };
    expect(await who(frontendToken.development)).toEqual([200, 'browser']);
    expect(await who(frontendToken.production)).toEqual([401, undefined]);
    expect(await who(clientToken.development)).toEqual([401, undefined]);
    expect(await who(adminToken)).toEqual([401, undefined]);
    expect(await who(`${frontendToken.development.slice(0, -1)}x`)).toEqual([401, undefined]);
  });
});
