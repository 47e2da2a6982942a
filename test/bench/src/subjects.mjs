/** How many subjects take turns: enough that no side can lean on the last one. A power of two. */
const COUNT = 256;

const TIERS = ['pro', 'business', 'enterprise'];
const TENANTS = Array.from({ length: 32 }, (_, index) => `tenant-${index}`);

/** The evaluation contexts as a service passes them to OpenFeature. */
export const contexts = Array.from({ length: COUNT }, (_, index) => contextOf(index, TIERS[index % TIERS.length]));

/** The same subjects on a tier too low. */
export const unpaid = Array.from({ length: COUNT }, (_, index) => contextOf(index, 'free'));

/** The same subjects as Unleash's own contexts. */
export const unleashContexts = contexts.map(({ targetingKey, ...facts }) => ({
  userId: targetingKey,
  properties: { ...facts, cohorts: facts.cohorts.join(), labels: facts.labels.join() },
}));

export const tenants = TENANTS;

/** @template T @param {readonly T[]} list @param {number} index @returns {T} */
export function turn(list, index) {
  return list[index & (COUNT - 1)];
}

function contextOf(index, tier) {
  return {
    targetingKey: `user-${index}`,
    tenantId: TENANTS[index % TENANTS.length],
    tier,
    region: index % 2 === 0 ? 'eu' : 'us',
    cohorts: ['beta'],
    labels: ['standard'],
    complexity: 2,
    plan: 'team',
    country: 'de',
  };
}
