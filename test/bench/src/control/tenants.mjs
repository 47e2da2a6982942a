const CLASSES = ['support_copilot', 'search_assistant', 'writing_aid'];
const STATES = ['opt_in', 'opt_out', 'unset'];

/** What one tenant said of three classes: states and versions that look random and are the same each time. */
export function threeClasses(tenant, seed) {
  return consentsOf(seed).map(([featureClass, consent]) => ({ kind: 'consent', tenant, featureClass, consent }));
}

/** The same as pairs of class and consent. Nothing is shared between two tenants, as nothing is that a driver reads. */
export function consentsOf(seed) {
  return CLASSES.map((featureClass, index) => {
    const random = scattered(seed * CLASSES.length + index);
    return [copied(featureClass), { state: copied(STATES[random % STATES.length]), version: 1 + ((random >> 8) % 20) }];
  });
}

/** An id as long as a UUID, of this seed alone. */
export function idOf(seed) {
  return copied(`${seed.toString(16).padStart(8, '0')}-4d5e-4f60-8a7b-0123456789ab`);
}

export function seedOf(id) {
  return Number.parseInt(id.slice(0, 8), 16);
}

function copied(text) {
  return Buffer.from(text).toString('latin1');
}

/** A whole number from 0 that has nothing to do with its neighbours'. */
function scattered(seed) {
  const mixed = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
  return (Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39) >>> 8) & 0xffffff;
}
