import type { App } from '@rampart/gateway';
import { beforeAll, describe, expect, test } from 'vitest';
import { operator, page, service, tenantAdmin, useGateway, userToken } from './fixture.js';

// Two tenants; whoever belongs to one asks for the other, with its id wherever an id can stand.
const MINE = 'tenant-of-mine';
const OTHER = 'tenant-of-another';

const gateway = useGateway();
let app: App;
beforeAll(async () => {
  app = await gateway({ keep: true, exposures: true });
  for (const tenant of [MINE, OTHER]) {
    const actor = tenant === MINE ? 'mia' : 'olive';
    const put = (url: string, payload: object) =>
      app.inject({ method: 'PUT', url, headers: service.headers, payload: { ...payload, actor } });
    await put(`/v1/tenants/${tenant}/consents/copilot`, { state: tenant === MINE ? 'opt_in' : 'opt_out', version: 4 });
    await put(`/v1/tenants/${tenant}/preferences`, { mode: 'suggestion', reason: `of ${tenant}` });
    await put(`/v1/tenants/${tenant}/users/bob/choices/*`, { choice: 'opt_out' });
  }
});

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
interface Route {
  readonly method: Method;
  readonly path: string;
  /** Whether it asks for no credentials of ours: health, what Unleash calls, a stream with its ticket. */
  readonly isOpen: boolean;
}

/** Every route there is, from the document that describes them. */
async function routes(): Promise<readonly Route[]> {
  const { paths } = (await app.inject('/openapi.json')).json() as {
    paths: Record<string, Record<string, { security: readonly object[] }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase() as Method,
      path,
      isOpen: security.length === 0,
    })),
  );
}

const BODIES: Readonly<Record<string, object>> = {
  'PUT /v1/tenants/{tenant}/consents/{featureClass}': { state: 'opt_in', version: 9, expected: 'any' },
  'PUT /v1/tenants/{tenant}/preferences': { mode: 'autonomous', expected: 'any' },
  'PUT /v1/tenants/{tenant}/users/{user}/choices/{featureClass}': { choice: 'unset', expected: 'any' },
  'POST /v1/operator/kills': { scope: { tenant: OTHER }, reason: 'r' },
  'POST /v1/operator/kills/{id}/revive': { reason: 'r', fix: 'f' },
  'POST /v1/operator/overrides': { tenant: OTHER, flag: 'ai.copilot', force: 'on', reason: 'r', until: 8e15 },
  'POST /v1/operator/explain': { flag: 'ai.copilot', context: { tenantId: OTHER } },
  'POST /v1/operator/exposure-audit': { from: 0, to: 1 },
  'POST /v1/events': { events: [{ id: 'x', name: 'feedback', tenantId: OTHER, targetingKey: 'bob', value: 1 }] },
  'POST /v1/limits/{flag}/consume': { tenantId: OTHER },
};
const bodyOf = ({ method, path }: Pick<Route, 'method' | 'path'>): object | undefined => BODIES[`${method} ${path}`];

const filled = (path: string, tenant: string): string =>
  path
    .replace('{tenant}', tenant)
    .replace('{featureClass}', 'copilot')
    .replace('{user}', 'bob')
    .replace('{flag}', 'ai.copilot')
    .replace('{id}', 'x');

/** All that is recorded of the other tenant, and of its people. */
async function stateOf(tenant: string): Promise<string> {
  const read = async (url: string, headers: Record<string, string>) => (await app.inject({ url, headers })).body;
  return [
    await read(`/v1/tenants/${tenant}/consents`, service.headers),
    await read(`/v1/tenants/${tenant}/preferences`, service.headers),
    await read(`/v1/tenants/${tenant}/users/bob/choices`, service.headers),
    // The log itself goes on: whoever asks writes to their own tenant.
    (await read(`/v1/operator/audit?tenant=${tenant}`, operator.headers)).replace(/"head":.*/, ''),
  ].join('\n');
}

async function nothingOf(
  tenant: string,
  request: () => Promise<{ statusCode: number; body: string }>,
  statuses: number[],
) {
  const before = await stateOf(tenant);
  const { statusCode, body } = await request();
  expect(statuses, body).toContain(statusCode);
  expect(body).not.toContain(OTHER);
  expect(body).not.toContain('olive');
  expect(await stateOf(tenant)).toBe(before);
}

describe('a tenant admin', () => {
  test('reaches no route of another tenant by its path', async () => {
    const headers = await tenantAdmin(MINE);
    const found = (await routes()).filter(({ path }) => path.includes('{tenant}'));
    expect(found).toHaveLength(7);
    for (const route of found) {
      for (const id of [
        OTHER,
        encodeURIComponent(`${MINE}/../${OTHER}`),
        `${MINE}%2e%2e`,
        ` ${MINE}`,
        MINE.toUpperCase(),
        '*',
        '%00',
      ]) {
        const url = filled(route.path, id);
        const payload = bodyOf(route);
        await nothingOf(
          OTHER,
          () => app.inject({ method: route.method, url, headers, ...(payload && { payload }) }),
          [400, 403, 404],
        );
      }
    }
  });

  test('reaches another tenant neither by query, body nor header on a route of its own', async () => {
    const headers = await tenantAdmin(MINE);
    const found = (await routes()).filter(({ path }) => path.includes('{tenant}'));
    for (const { method, path } of found) {
      const url = filled(path, MINE);
      const payload = bodyOf({ method, path });
      const ask = (more: object, at = url) =>
        app.inject({ method, url: at, headers, ...(payload && { payload }), ...more });
      for (const query of [`tenant=${OTHER}`, `tenantId=${OTHER}`, `tenant[]=${OTHER}`]) {
        await nothingOf(OTHER, () => ask({}, `${url}?${query}`), [200, 400]);
      }
      if (payload !== undefined) {
        for (const extra of [{ tenant: OTHER }, { tenantId: OTHER }, { actor: 'olive' }, { user: OTHER }]) {
          await nothingOf(OTHER, () => ask({ payload: { ...payload, ...extra } }), [400]);
        }
      }
      for (const name of [
        'x-tenant-id',
        'x-rampart-tenant',
        'x-forwarded-tenant',
        'x-original-url',
        'x-http-method-override',
      ]) {
        const value = name === 'x-original-url' ? filled(path, OTHER) : OTHER;
        await nothingOf(OTHER, () => ask({ headers: { ...headers, [name]: value } }), [200, 400, 409]);
      }
      const identity = await userToken({ sub: 'olive', tenant_id: OTHER, roles: ['ai_admin'] });
      await nothingOf(
        OTHER,
        () => ask({ headers: { ...headers, 'x-rampart-identity': identity } }),
        [200, 400, 401, 409],
      );
    }
  });

  test('reaches no route that is not for tenant admins', async () => {
    const headers = await tenantAdmin(MINE);
    const all = await routes();
    expect(all.filter(({ isOpen }) => isOpen).map(({ path }) => path)).not.toContainEqual(
      expect.stringMatching(/tenant|operator/),
    );
    for (const route of all) {
      if (route.path.includes('{tenant}') || route.isOpen) continue;
      const payload = bodyOf(route);
      const url = filled(route.path, OTHER);
      await nothingOf(
        OTHER,
        () => app.inject({ method: route.method, url, headers, ...(payload && { payload }) }),
        [401, 403],
      );
    }
  });

  test('of no tenant, or without the role, reaches none', async () => {
    const bearer = async (claims: object) => ({
      authorization: `Bearer ${await userToken({ sub: 'ana', ...claims })}`,
    });
    const strangers = [
      await bearer({ tenant_id: OTHER }),
      await bearer({ roles: ['ai_admin'] }),
      await bearer({ tenant_id: '', roles: ['ai_admin'] }),
      await bearer({ tenant_id: [OTHER], roles: ['ai_admin'] }),
      await bearer({ tenant_id: OTHER, roles: 'not_ai_admin' }),
      await page({ sub: 'ana', tenant_id: OTHER, roles: ['ai_admin'] }),
    ];
    for (const headers of strangers) {
      for (const tenant of [OTHER, 'undefined', 'null', '']) {
        const url = `/v1/tenants/${tenant}/consents`;
        await nothingOf(OTHER, () => app.inject({ url, headers }), [400, 401, 403, 404]);
      }
    }
  });
});

describe('a page', () => {
  const claims = { sub: 'bea', tenant_id: MINE, tier: 'pro', labels: [] };

  test('is answered for its own tenant, whatever it states', async () => {
    const headers = await page(claims);
    const own = { method: 'POST', url: '/ofrep/v1/evaluate/flags/ai.copilot', headers } as const;
    expect((await app.inject({ ...own, payload: { context: {} } })).json()).toMatchObject({ value: true });
    for (const context of [{ tenantId: OTHER }, { properties: { tenantId: OTHER } }]) {
      await nothingOf(OTHER, () => app.inject({ ...own, payload: { context } }), [400]);
      await nothingOf(
        OTHER,
        () => app.inject({ ...own, url: '/ofrep/v1/evaluate/flags', payload: { context } }),
        [400],
      );
    }
    for (const more of [{ url: `${own.url}?tenantId=${OTHER}` }, { headers: { ...headers, 'x-tenant-id': OTHER } }]) {
      const answer = await app.inject({ ...own, payload: { context: {} }, ...more });
      expect(answer.body).not.toContain(OTHER);
    }
  });

  test('sees nothing of a tenant on Unleash’s own API but its own', async () => {
    const headers = await page(claims);
    for (const url of [`/api/frontend?tenantId=${OTHER}`, `/api/frontend?properties[tenantId]=${OTHER}`]) {
      await nothingOf(OTHER, () => app.inject({ url, headers }), [400]);
    }
    const payload = { context: { properties: { tenantId: OTHER } } };
    await nothingOf(OTHER, () => app.inject({ method: 'POST', url: '/api/frontend', headers, payload }), [400]);
  });

  test('reaches no route about tenants, of operators or of services', async () => {
    const headers = await page({ ...claims, roles: ['ai_admin', 'ai_operator'] });
    const found = (await routes()).filter(({ path }) => /^\/v1\/(?:tenants|operator|limits)/.test(path));
    expect(found.length).toBeGreaterThan(15);
    for (const route of found) {
      const payload = bodyOf(route);
      const url = filled(route.path, MINE);
      await nothingOf(
        OTHER,
        () => app.inject({ method: route.method, url, headers, ...(payload && { payload }) }),
        [401, 403],
      );
    }
  });
});
