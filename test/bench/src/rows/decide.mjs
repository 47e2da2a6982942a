import { change, feature, plainChild, plainParent } from '../flags.mjs';
import { startRampart } from '../rampart.mjs';
import { startUnleash } from '../stock.mjs';
import { contexts, turn, unleashContexts, unpaid } from '../subjects.mjs';

/** Our decision on a change that has every gate in use. */
export async function decideSide(rollout = '100') {
  const { rampart } = await startRampart([feature('ai.copilot'), change('ai.copilot.v2', 'ai.copilot', rollout)]);
  return {
    call: (index) => rampart.decide('ai.copilot.v2', turn(contexts, index)),
    answer: (decision) => decision.variant ?? decision.gate,
    expected: rollout === '100' ? ['a', 'b'] : ['a', 'b', 'rollout'],
  };
}

/** Stock `getVariant` of a plain parent and child. */
async function variantSide(rollout = '100') {
  const unleash = await startUnleash([plainParent('copilot'), plainChild('copilot.v2', 'copilot', rollout)]);
  return {
    call: (index) => unleash.getVariant('copilot.v2', turn(unleashContexts, index)),
    answer: (variant) => (variant.enabled ? variant.name : 'rollout'),
    expected: rollout === '100' ? ['a', 'b'] : ['a', 'b', 'rollout'],
  };
}

async function paywallSides() {
  const { rampart } = await startRampart([feature('ai.copilot'), change('ai.copilot.v2', 'ai.copilot')]);
  const side = (subjects, outcome) => ({
    call: (index) => rampart.decide('ai.copilot.v2', turn(subjects, index)),
    answer: (decision) => decision.outcome,
    expected: [outcome],
  });
  return { ours: side(unpaid, 'paywall'), other: side(contexts, 'enabled') };
}

const prepare = async (rollout) => ({ ours: await decideSide(rollout), other: await variantSide(rollout), same: true });

export const decideRows = [
  {
    id: 'decide',
    what: 'decide on a change / stock getVariant, rollout 100',
    wanted: 1.25,
    prepare: () => prepare('100'),
  },
  {
    id: 'decide-partial',
    what: 'decide on a change / stock getVariant, rollout 50',
    wanted: 1.5,
    prepare: () => prepare('50'),
  },
  { id: 'paywall', what: 'a paywalled answer / decide', wanted: 1.6, prepare: paywallSides },
  {
    id: 'allocation',
    what: 'bytes allocated, decide / stock getVariant',
    wanted: 1.5,
    measure: 'allocation',
    prepare: () => prepare('100'),
  },
];
