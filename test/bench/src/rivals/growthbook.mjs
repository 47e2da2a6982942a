import { GrowthBookClient } from '@growthbook/growthbook';
import { BINDING } from '../flags.mjs';
import { contexts, turn } from '../subjects.mjs';

const FEATURES = {
  feature: { defaultValue: false, rules: [{ condition: { plan: { $nin: ['legacy'] } }, force: true }] },
  change: {
    defaultValue: null,
    rules: [
      { parentConditions: [{ id: 'feature', condition: { value: true }, gate: true }] },
      {
        condition: { country: { $in: ['de', 'fr', 'us'] } },
        key: 'change',
        hashAttribute: 'id',
        hashVersion: 2,
        weights: [0.5, 0.5],
        variations: [BINDING, BINDING],
      },
    ],
  },
};

/** GrowthBook's server client, with a prerequisite, two conditions and a split in two. */
export async function startGrowthBook() {
  const client = new GrowthBookClient().initSync({ payload: { features: FEATURES } });
  const users = contexts.map(({ targetingKey, ...facts }) => ({ attributes: { id: targetingKey, ...facts } }));
  return {
    call: (index) => client.evalFeature('change', turn(users, index)),
    answer: ({ on, source }) => (on && source === 'experiment' ? 'on' : 'off'),
    expected: ['on'],
  };
}
