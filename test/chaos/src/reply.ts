import type { ControlView, Decision } from '@rampart/core';
import { KILL, NOTHING, type Sight } from './history.js';
import { FEATURE_CLASS, type Reply } from './protocol.js';

/** What a decision shows, and whether it follows from the state it was made from. */
export function replyOf(
  // Where the provider fails, OpenFeature gives the caller's default: nothing.
  decision: Partial<Decision>,
  tenant: string,
  givenAt: (revision: string) => ControlView | undefined,
): Reply {
  const { enabled, gate, detail } = decision;
  const revision = decision.revisions?.consent;
  if (revision === undefined) return enabled === true ? { problem: `open by gate ${gate}, knowing nothing` } : {};
  const view = givenAt(revision);
  if (view === undefined) return { problem: `it names ${revision}, which it was never given` };
  const consent = view.tenant.consents.get(FEATURE_CLASS);
  const [kill] = view.kills;
  const sights: readonly Sight[] = [
    { subject: tenant, appearance: consent === undefined ? NOTHING : `${consent.state} ${consent.version}` },
    { subject: KILL, appearance: kill === undefined ? NOTHING : `kill ${kill.reason}` },
  ];
  const shouldBe = consent?.state === 'opt_in' && kill === undefined;
  if ((enabled ?? false) === shouldBe) return { sights };
  const shown = sights.map(({ appearance }) => appearance).join(', ');
  return { sights, problem: `${enabled ? 'open' : 'closed'} by gate ${gate} (${detail}), from ${shown}` };
}
