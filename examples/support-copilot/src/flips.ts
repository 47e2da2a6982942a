import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableControl } from '@rampart/sdk';
import type { AdminClient } from '@rampart/unleash/admin';
import { COPILOT, EXISTING, editStage, switchFeature } from './operator.js';
import { type Shown, SUBJECTS, type Subject } from './subjects.js';
import { ask, sameShown, sayConsent } from './visitor.js';

/** Something that somebody does while the service runs, and whose answers it changes. */
export interface Flip {
  readonly what: string;
  /** `poll`: arrives with the service's next fetch of the flags. `at once`: the very next request must see it. */
  readonly arrives: 'poll' | 'at once';
  readonly act: (places: Places) => Promise<void>;
  readonly changes: readonly Change[];
}

/** One subject's answer before and after. */
interface Change {
  readonly subject: Subject;
  readonly before: Shown;
  readonly after: Shown;
}

/** Where operators and tenants do what they do. */
export interface Places {
  readonly client: AdminClient;
  readonly control: DurableControl;
  readonly service: string;
}

const v18 = (variant: string): Shown => ({
  outcome: 'enabled',
  gate: 'open',
  variant,
  mode: 'confirmation',
  route: 'confirm',
});
const KILLED: Shown = { outcome: 'unavailable', gate: 'kill' };

const PRO = subjectOf('papermill');
const OUTSIDE = subjectOf('umbrella');
const ENTERPRISE = subjectOf('globex');
const CANARY = subjectOf('northwind');
const EXISTING_PRO: Subject = {
  ...subjectOf('northwind'),
  flag: EXISTING,
  expected: { outcome: 'true', gate: 'open' },
};
const OFF: Shown = { outcome: 'off', gate: 'consent' };

export const FLIPS: readonly Flip[] = [
  {
    what: 'An operator widens prompt-v18: tier pro too, and 100%',
    arrives: 'poll',
    act: ({ client }) => editStage(client, `${COPILOT}.prompt-v18`, { tiers: 'enterprise,pro', rollout: '100' }),
    changes: [
      { subject: PRO, before: PRO.expected, after: v18('v18-plain') },
      { subject: OUTSIDE, before: OUTSIDE.expected, after: v18('v18-formal') },
    ],
  },
  {
    what: 'The admin of papermill opts out',
    arrives: 'at once',
    act: ({ service }) => sayConsent(service, 'papermill', 'opt_out'),
    changes: [{ subject: PRO, before: v18('v18-plain'), after: OFF }],
  },
  {
    what: 'On call kills all AI for globex',
    arrives: 'at once',
    act: async ({ control }) => {
      const kill = { id: 'incident-7', scope: { tenant: 'globex' }, reason: 'answers quote another customer' };
      await control.apply({ kind: 'kill', kill }, { actor: 'on call', reason: kill.reason });
    },
    changes: [{ subject: ENTERPRISE, before: ENTERPRISE.expected, after: KILLED }],
  },
  {
    what: 'and revives it once that is fixed',
    arrives: 'at once',
    act: async ({ control }) => {
      await control.apply(
        { kind: 'revive', id: 'incident-7' },
        { actor: 'on call', reason: 'fixed in release 41', expected: 'any' },
      );
    },
    changes: [{ subject: ENTERPRISE, before: KILLED, after: ENTERPRISE.expected }],
  },
  {
    what: `An operator switches ${COPILOT} off`,
    arrives: 'poll',
    act: ({ client }) => switchFeature(client, COPILOT, 'off'),
    changes: [
      { subject: ENTERPRISE, before: ENTERPRISE.expected, after: KILLED },
      { subject: CANARY, before: CANARY.expected, after: KILLED },
      { subject: EXISTING_PRO, before: EXISTING_PRO.expected, after: { outcome: 'false', gate: 'kill' } },
    ],
  },
  {
    what: 'and on again: whoever opted out stays out',
    arrives: 'poll',
    act: ({ client }) => switchFeature(client, COPILOT, 'on'),
    changes: [
      { subject: ENTERPRISE, before: KILLED, after: ENTERPRISE.expected },
      { subject: PRO, before: KILLED, after: OFF },
    ],
  },
];

/** What was seen of one change. */
export interface Seen extends Change {
  readonly seenBefore: Shown;
  readonly seenAfter: Shown;
  /** From the acknowledgement of what was done to the answer, in ms. */
  readonly took: number;
  /** How many requests it took. */
  readonly requests: number;
}

/** Does it, then asks over HTTP until every answer is as expected or the patience (ms) is over. */
export async function carryOutFlip(flip: Flip, places: Places, patience = 20_000): Promise<readonly Seen[]> {
  const before: Shown[] = [];
  for (const { subject } of flip.changes) before.push(await ask(places.service, subject));
  await flip.act(places);
  const start = performance.now();
  return Promise.all(
    flip.changes.map(async (change, index): Promise<Seen> => {
      for (let requests = 1; ; requests += 1) {
        const seenAfter = await ask(places.service, change.subject);
        const took = performance.now() - start;
        const last = flip.arrives === 'at once' || took > patience || sameShown(seenAfter, change.after);
        if (last) return { ...change, seenBefore: before[index] ?? seenAfter, seenAfter, took, requests };
        await sleep(25);
      }
    }),
  );
}

function subjectOf(tenant: string): Subject {
  const found = SUBJECTS.find((one) => one.tenant === tenant);
  if (found === undefined) throw new Error(`no subject of ${tenant}`);
  return found;
}
