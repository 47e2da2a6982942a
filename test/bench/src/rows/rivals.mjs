import { startFlagd } from '../rivals/flagd.mjs';
import { startGrowthBook } from '../rivals/growthbook.mjs';
import { startLaunchDarkly } from '../rivals/launchdarkly.mjs';
import { decideSide } from './decide.mjs';

// Rivals get the conditions, the parent and the split that stock Unleash gets; the AI gates come on top on our side alone.
const beside = (startRival) => async () => ({ ours: await decideSide(), other: await startRival() });

export const rivalRows = [
  {
    id: 'launchdarkly',
    what: 'decide / LaunchDarkly variation',
    wanted: 1,
    strictly: true,
    prepare: beside(startLaunchDarkly),
  },
  { id: 'growthbook', what: 'decide / GrowthBook evalFeature', wanted: null, prepare: beside(startGrowthBook) },
  { id: 'flagd', what: 'decide / flagd-core resolveObjectEvaluation', wanted: null, prepare: beside(startFlagd) },
];
