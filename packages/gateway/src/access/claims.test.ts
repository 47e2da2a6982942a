import { describe, expect, it } from 'vitest';
import { readUser } from './claims.js';

const NAMES = {
  userId: 'sub',
  tenantId: 'https://example.com/tenant',
  tier: 'app.plan.tier',
  region: 'region',
  labels: 'labels',
  cohorts: 'cohorts',
  aiOptOut: 'ai_opt_out',
  roles: 'realm.roles',
};
const reading = (claims: Record<string, unknown>) => readUser(claims, NAMES, 1_000);
const read = (claims: Record<string, unknown>) => {
  const found = reading(claims);
  return 'user' in found ? found.user : undefined;
};

describe('claims', () => {
  it('are found by their exact name first, then by what dots lead to', () => {
    const user = read({
      sub: 'ana',
      'https://example.com/tenant': 'acme',
      app: { plan: { tier: 'pro' } },
      labels: ['hipaa'],
      cohorts: [],
      ai_opt_out: true,
      realm: { roles: ['ai_admin'] },
    });
    expect(user).toEqual({
      identity: {
        userId: 'ana',
        tenantId: 'acme',
        tier: 'pro',
        region: undefined,
        labels: ['hipaa'],
        cohorts: [],
        aiOptOut: true,
        expiresAt: 1_000,
      },
      roles: ['ai_admin'],
    });
    expect(read({ 'app.plan.tier': 'free', app: { plan: { tier: 'pro' } } })?.identity.tier).toBe('free');
  });

  it.each([
    ['https://example.com/tenant', 7, 'tenantId'],
    ['https://example.com/tenant', 9007199254740992, 'tenantId'],
    ['sub', 1e21, 'userId'],
    ['https://example.com/tenant', '', 'tenantId'],
    ['https://example.com/tenant', 'x'.repeat(256), 'tenantId'],
    ['region', ['eu'], 'region'],
    ['labels', 'hipaa', 'labels'],
    ['labels', ['hipaa', 7], 'labels'],
    ['cohorts', { 0: 'internal' }, 'cohorts'],
    ['labels', '', 'labels'],
    ['labels', false, 'labels'],
    ['cohorts', [''], 'cohorts'],
    ['app.plan.tier', 7, 'tier'],
    ['app', 'pro', 'tier'],
    ['app', { plan: 'pro' }, 'tier'],
    ['app', { plan: { tier: ['pro'] } }, 'tier'],
    ['app', [{ plan: { tier: 'pro' } }], 'tier'],
    ['sub', 7, 'userId'],
    ['sub', '', 'userId'],
    ['sub', ['ana'], 'userId'],
    ['sub', 'x'.repeat(256), 'userId'],
    ['ai_opt_out', 'true', 'aiOptOut'],
    ['ai_opt_out', 1, 'aiOptOut'],
  ] as const)('%s = %j makes the token count for nothing: a directory would fill in what is missing', (...row) => {
    const [claim, value, malformed] = row;
    expect(reading({ sub: 'ana', [claim]: value })).toEqual({ malformed });
  });

  it('are absent where the object is that would hold them', () => {
    for (const app of [undefined, null, {}, { plan: null }, { plan: {} }])
      expect(read({ sub: 'ana', app })?.identity.tier).toBeUndefined();
    expect(reading({ sub: 'ana', app: { plan: {} } })).toHaveProperty('user');
  });

  it('may be as long as what the control log names somebody by', () => {
    expect(read({ sub: 'x'.repeat(255) })?.identity.userId).toHaveLength(255);
  });

  it('of null are absent', () => {
    const identity = read({ sub: null, ai_opt_out: null, labels: null })?.identity;
    expect(identity).toMatchObject({ userId: undefined, aiOptOut: false, labels: undefined });
  });

  it.each([['constructor'], ['__proto__'], ['toString'], ['app.constructor.name']])('%s is no claim', (name) => {
    const found = readUser({ app: {} }, { ...NAMES, userId: name, tenantId: name, roles: name }, 1_000);
    expect(found).toMatchObject({ user: { identity: { userId: undefined, tenantId: undefined }, roles: [] } });
  });

  it.each([
    ['ai_admin', ['ai_admin']],
    ['ai_admin ai_operator', ['ai_admin ai_operator']],
    [['ai_admin', 7], []],
    [{ ai_admin: true }, []],
  ])('roles %j are %j', (value, roles) => {
    expect(read({ realm: { roles: value } })?.roles).toEqual(roles);
  });
});
