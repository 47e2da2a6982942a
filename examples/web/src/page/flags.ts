import { OpenFeature, ProviderStatus, useObjectFlagDetails, useOpenFeatureClientStatus } from '@openfeature/react-sdk';
import { RampartWebProvider, readWebDecision, type WebDecision } from '@rampart/web-provider';
import type { Person, Session, Settings } from './session.js';

const COPILOT = 'ai.reply-copilot';

/** Follows the gateway from now on; `identity` says for each request who is signed in. */
export async function startFlags({ gateway, frontendToken }: Settings, session: Session): Promise<void> {
  const provider = new RampartWebProvider({
    unleash: { url: `${gateway}/api/frontend`, clientKey: frontendToken, appName: 'harbor-desk', refreshInterval: 15 },
    identity: () => session.token(),
    events: gateway,
  });
  // A page that can't ask works on, without AI, and asks again.
  await OpenFeature.setProviderAndWait(provider).catch(() => {});
}

/** Asks for this person from now on; for nobody while signed out. */
export async function askFor(person: Person | undefined): Promise<void> {
  await OpenFeature.setContext(person === undefined ? {} : { targetingKey: person.id, tenantId: person.tenant });
}

/** A decision, or why there is none yet. */
export type CopilotState = WebDecision | { readonly outcome: 'checking' | 'unreachable' };

/** What the signed-in person may have of the copilot, at this moment. */
export function useCopilot(): CopilotState {
  const status = useOpenFeatureClientStatus();
  return stateOf(readWebDecision(useObjectFlagDetails(COPILOT, {})), status);
}

/** "Off" is said only of what the gateway has decided: not having heard of it is something else. */
export function stateOf(decision: WebDecision, status: ProviderStatus): CopilotState {
  const { detail } = decision;
  // Not listed says something only of a list that counts.
  const known = detail === 'no_decision' ? status === ProviderStatus.READY : detail !== 'unconfirmed';
  return known ? decision : { outcome: LOST.has(status) ? 'unreachable' : 'checking' };
}

const LOST: ReadonlySet<ProviderStatus> = new Set([ProviderStatus.STALE, ProviderStatus.ERROR, ProviderStatus.FATAL]);
