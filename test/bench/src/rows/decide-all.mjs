import { manyFlags } from '../flags.mjs';
import { startRampart } from '../rampart.mjs';
import { contexts, turn } from '../subjects.mjs';

const FLAGS = 500;

async function sides(changesEach) {
  const flags = manyFlags(FLAGS, changesEach);
  const names = flags.map(({ name }) => name);
  const { rampart } = await startRampart(flags);
  const enabled = (decisions) => String([...decisions].filter((decision) => decision.enabled).length);
  return {
    ours: {
      call: (index) => rampart.decideAll(turn(contexts, index)),
      answer: (decisions) => enabled(decisions.values()),
      expected: [String(FLAGS)],
    },
    other: {
      call: (index) => names.map((name) => rampart.decide(name, turn(contexts, index))),
      answer: enabled,
      expected: [String(FLAGS)],
    },
  };
}

export const decideAllRows = [
  { id: 'decide-all', what: `decideAll of ${FLAGS} flags / ${FLAGS} × decide`, wanted: 0.95, prepare: () => sides(1) },
  {
    id: 'decide-all-eight',
    what: `decideAll of ${FLAGS} flags, eight changes a feature`,
    wanted: 0.8,
    prepare: () => sides(8),
  },
];
