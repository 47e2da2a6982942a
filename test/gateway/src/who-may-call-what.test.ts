import type { App, Principal } from '@rampart/gateway';
import { beforeAll, describe, expect, test } from 'vitest';
import { newKey, operator, page, service, tenantAdmin, useGateway } from './fixture.js';

type Caller = Principal['kind'] | 'nobody';

const EVERYONE: readonly Caller[] = ['nobody', 'service', 'browser', 'admin', 'operator'];
const DECISIONS: readonly Caller[] = ['service', 'browser'];
const TENANT: readonly Caller[] = ['service', 'admin'];
const OPERATORS: readonly Caller[] = ['operator'];
const PAGES: readonly Caller[] = ['browser'];

/** Who may call what. A route without a row fails, and so does a row without a route. */
const MAY: Readonly<Record<string, readonly Caller[]>> = {
  'GET /healthz': EVERYONE,
  'GET /readyz': EVERYONE,
  'GET /openapi.json': EVERYONE,
  'GET /docs': EVERYONE,
  'GET /docs/json': EVERYONE,
  'GET /docs/yaml': EVERYONE,
  'GET /docs/static/*': EVERYONE,
  'GET /docs/static/index.html': EVERYONE,
  'GET /docs/static/swagger-initializer.js': EVERYONE,
  'GET /metrics': ['service', 'operator'],
  'POST /ofrep/v1/evaluate/flags/:key': DECISIONS,
  'POST /ofrep/v1/evaluate/flags': DECISIONS,
  // With a ticket, which an EventSource can carry where it can carry no header.
  'GET /ofrep/v1/events': EVERYONE,
  'GET /api/frontend': PAGES,
  'GET /api/frontend/': PAGES,
  'POST /api/frontend': PAGES,
  'POST /api/frontend/': PAGES,
  'POST /api/frontend/client/metrics': PAGES,
  'POST /api/frontend/client/register': PAGES,
  'GET /v1/tenants/:tenant/consents': TENANT,
  'PUT /v1/tenants/:tenant/consents/:featureClass': TENANT,
  'GET /v1/tenants/:tenant/preferences': TENANT,
  'PUT /v1/tenants/:tenant/preferences': TENANT,
  'GET /v1/tenants/:tenant/history': TENANT,
  'GET /v1/tenants/:tenant/users/:user/choices': TENANT,
  'PUT /v1/tenants/:tenant/users/:user/choices/:featureClass': TENANT,
  'GET /v1/operator/kills': OPERATORS,
  'POST /v1/operator/kills': OPERATORS,
  'POST /v1/operator/kills/:id/revive': OPERATORS,
  'GET /v1/operator/overrides': OPERATORS,
  'POST /v1/operator/overrides': OPERATORS,
  'DELETE /v1/operator/overrides/:id': OPERATORS,
  'GET /v1/operator/audit': OPERATORS,
  'GET /v1/operator/features': OPERATORS,
  'POST /v1/operator/explain': OPERATORS,
  'POST /v1/operator/exposure-audit': OPERATORS,
  'GET /v1/exposures': OPERATORS,
  'POST /v1/events': ['service', 'browser'],
  'POST /v1/limits/:flag/consume': ['service'],
  // By its own secret alone.
  'POST /v1/unleash/webhook': [],
};

/** What a service's key needs besides: with any other permission it is refused. */
const NEEDS: Readonly<Record<string, string>> = {
  'POST /ofrep/v1/evaluate/flags/:key': 'evaluate',
  'POST /ofrep/v1/evaluate/flags': 'evaluate',
  'POST /v1/limits/:flag/consume': 'evaluate',
  'POST /v1/events': 'track',
  'GET /v1/tenants/:tenant/consents': 'consent',
  'PUT /v1/tenants/:tenant/consents/:featureClass': 'consent',
  'GET /v1/tenants/:tenant/preferences': 'consent',
  'PUT /v1/tenants/:tenant/preferences': 'consent',
  'GET /v1/tenants/:tenant/history': 'consent',
  'GET /v1/tenants/:tenant/users/:user/choices': 'consent',
  'PUT /v1/tenants/:tenant/users/:user/choices/:featureClass': 'consent',
};

const gateway = useGateway();
const found = new Set<string>();
const withOnly = {
  evaluate: newKey('e', { may: ['evaluate'] }),
  track: newKey('t', { may: ['track'] }),
  consent: newKey('c', { may: ['consent'] }),
};
let app: App;
let headers: Readonly<Record<Caller, Record<string, string>>>;

beforeAll(async () => {
  app = await gateway({
    keep: true,
    keys: [service, operator, ...Object.values(withOnly)].map(({ configured }) => configured),
    limits: { perUser: { points: 100_000 }, perAddress: { points: 100_000 } },
    webhookSecret: 'a secret that Unleash sends',
    inspect: (made) => {
      made.addHook('onRoute', ({ method, url }) => {
        for (const name of [method].flat()) if (name !== 'HEAD' && name !== 'OPTIONS') found.add(`${name} ${url}`);
      });
    },
  });
  headers = {
    nobody: {},
    service: { ...service.headers },
    browser: await page({ sub: 'ana', tenant_id: 'acme' }),
    admin: await tenantAdmin('acme'),
    operator: { ...operator.headers },
  };
});

const call = async (route: string, sent: Record<string, string>): Promise<number> => {
  const [method = '', pattern = ''] = route.split(' ');
  const url = pattern.replace(':tenant', 'acme').replace(/:\w+/g, 'x').replace('*', 'x');
  const body = method === 'GET' ? {} : { payload: {} };
  const { statusCode } = await app.inject({ method: method as 'GET', url, headers: sent, ...body });
  return statusCode;
};

test('every route has a row, and every row a route', () => {
  expect([...found].toSorted()).toEqual(Object.keys(MAY).toSorted());
});

describe.each(Object.entries(MAY))('%s', (route, may) => {
  test.each(EVERYONE)('%s', async (caller) => {
    const status = await call(route, headers[caller]);
    if (may.includes(caller)) expect([401, 403, 429]).not.toContain(status);
    else expect(status).toBe(caller === 'nobody' || may.length === 0 ? 401 : 403);
  });
});

test.each(Object.entries(NEEDS))('%s needs the permission %s', async (route, permission) => {
  for (const [name, key] of Object.entries(withOnly)) {
    const status = await call(route, { ...key.headers });
    if (name === permission) expect([401, 403]).not.toContain(status);
    else expect([route, name, status]).toEqual([route, name, 403]);
  }
});
