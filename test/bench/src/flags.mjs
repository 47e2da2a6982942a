/** Flags as Unleash's client API sends them. Ours and the plain ones have the same constraints, split and payloads. */

export const BINDING = { model: 'gpt-5-mini', prompt: 'support-v18', temperature: 0.2 };
export const CLASS = 'support_copilot';

const notLegacy = constraint('plan', 'NOT_IN', ['legacy']);
const inCountry = constraint('country', 'IN', ['de', 'fr', 'us']);

/** A feature with every gate of its own in use. */
export function feature(name) {
  const parameters = { featureClass: CLASS, minTier: 'pro', exclude: 'hipaa,financial', consentVersion: '2' };
  return flag(name, [{ name: 'aiAccess', parameters, constraints: [notLegacy] }]);
}

/** A change with every gate of its own in use, split in two. */
export function change(name, parent, rollout = '100') {
  const parameters = {
    stage: 'ga',
    rollout,
    stickiness: 'userId',
    groupId: SALT,
    regions: 'eu,us',
    maxComplexity: '5',
  };
  return flag(name, [{ name: 'aiStage', parameters, constraints: [inCountry], variants: split() }], parent);
}

/** What a team without Rampart would set up: a plain parent and a plain child. */
export function plainParent(name) {
  return flag(name, [{ name: 'default', parameters: {}, constraints: [notLegacy] }]);
}

export function plainChild(name, parent, rollout = '100') {
  const parameters = { rollout, stickiness: 'userId', groupId: SALT };
  return flag(name, [{ name: 'flexibleRollout', parameters, constraints: [inCountry], variants: split() }], parent);
}

// The same salt on both sides puts each subject into the same bucket and variant, so that both do the same work.
const SALT = 'bench';

/** `count` flags: features with as many changes each; what is left over gets one more feature with the rest. */
export function manyFlags(count, changesEach) {
  const flags = [];
  for (let family = 0; flags.length < count; family += 1) {
    const name = `ai.feature-${family}`;
    flags.push(feature(name));
    for (let index = 0; index < changesEach && flags.length < count; index += 1) {
      flags.push(change(`${name}.change-${index}`, name));
    }
  }
  return flags;
}

function flag(name, strategies, parent) {
  const dependencies = parent === undefined ? [] : [{ feature: parent, enabled: true }];
  return {
    name,
    type: 'release',
    project: 'default',
    enabled: true,
    stale: false,
    impressionData: false,
    strategies,
    variants: [],
    dependencies,
  };
}

function split() {
  const payload = { type: 'json', value: JSON.stringify(BINDING) };
  return ['a', 'b'].map((name) => ({ name, weight: 500, stickiness: 'userId', payload }));
}

function constraint(contextName, operator, values) {
  return { contextName, operator, values, caseInsensitive: false, inverted: false };
}
