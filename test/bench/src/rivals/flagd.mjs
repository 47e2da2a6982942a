import { FlagdCore } from '@openfeature/flagd-core';
import { BINDING } from '../flags.mjs';
import { contexts, turn } from '../subjects.mjs';

const split = { fractional: [{ var: 'targetingKey' }, ['a', 50], ['b', 50]] };
const notLegacy = { '!': { in: [{ var: 'plan' }, ['legacy']] } };
const inCountry = { in: [{ var: 'country' }, ['de', 'fr', 'us']] };

const FLAGS = {
  flags: {
    change: {
      state: 'ENABLED',
      variants: { a: BINDING, b: BINDING, none: {} },
      defaultVariant: 'none',
      targeting: { if: [{ and: [notLegacy, inCountry] }, split, 'none'] },
    },
  },
};

/** flagd's evaluator; it has no prerequisites, so both conditions stand in one flag. */
export async function startFlagd() {
  const logger = { error() {}, warn() {}, info() {}, debug() {} };
  const core = new FlagdCore(undefined, logger);
  core.setConfigurations(JSON.stringify(FLAGS));
  return {
    call: (index) => core.resolveObjectEvaluation('change', {}, turn(contexts, index)),
    answer: ({ variant, reason }) => (variant !== 'none' && reason === 'TARGETING_MATCH' ? 'on' : 'off'),
    expected: ['on'],
  };
}
