import { BINDING, change, feature, plainChild, plainParent } from '../flags.mjs';
import { startRampart } from '../rampart.mjs';
import { startIdle, startThinnest } from '../stock.mjs';
import { contexts, turn } from '../subjects.mjs';

const PLAIN = [plainParent('copilot'), plainChild('copilot.v2', 'copilot')];
const AI = [feature('ai.copilot'), change('ai.copilot.v2', 'ai.copilot')];
const MODEL = [BINDING.model];

const objectSide = (client, flag, answer, expected) => ({
  call: (index) => client.getObjectValue(flag, {}, turn(contexts, index)),
  async: true,
  answer,
  expected,
});
const booleanSide = (client) => ({
  call: (index) => client.getBooleanValue('copilot.v2', false, turn(contexts, index)),
  async: true,
  answer: String,
  expected: ['true'],
});
const stringSide = (client) => ({
  call: (index) => client.getStringValue('copilot.v2', '', turn(contexts, index)),
  async: true,
  answer: (value) => JSON.parse(value).model,
  expected: MODEL,
});

const stockObject = async () => objectSide(await startThinnest(PLAIN), 'copilot.v2', (value) => value.model, MODEL);

async function decisionSides() {
  const { client } = await startRampart(AI);
  return {
    ours: objectSide(client, 'ai.copilot.v2', ({ binding }) => binding.model, MODEL),
    other: await stockObject(),
  };
}

async function idleSides() {
  return {
    ours: objectSide(await startIdle(), 'copilot.v2', (value) => JSON.stringify(value), ['{}']),
    other: await stockObject(),
  };
}

const plainSides = (side) => async () => ({
  ours: side((await startRampart(PLAIN)).client),
  other: side(await startThinnest(PLAIN)),
  same: true,
});

export const openFeatureRows = [
  {
    id: 'openfeature',
    what: 'AI decision by getObjectValue / thinnest Unleash provider',
    wanted: 1.15,
    prepare: decisionSides,
  },
  {
    id: 'openfeature-idle',
    what: '  a provider that does nothing / thinnest Unleash provider',
    wanted: null,
    prepare: idleSides,
  },
  {
    id: 'plain-boolean',
    what: 'plain flag by getBooleanValue / thinnest Unleash provider',
    wanted: 1.05,
    prepare: plainSides(booleanSide),
  },
  {
    id: 'plain-string',
    what: 'plain variant by getStringValue / thinnest Unleash provider',
    wanted: 1.05,
    prepare: plainSides(stringSide),
  },
];
