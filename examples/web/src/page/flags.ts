import { OpenFeature, useObjectFlagDetails } from '@openfeature/react-sdk';
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
  // A page that can't ask works on, without AI.
  await OpenFeature.setProviderAndWait(provider).catch(() => {});
}

/** Asks for this person from now on; for nobody while signed out. */
export async function askFor(person: Person | undefined): Promise<void> {
  await OpenFeature.setContext(person === undefined ? {} : { targetingKey: person.id, tenantId: person.tenant });
}

/** What the signed-in person may have of the copilot, at this moment. */
export function useCopilot(): WebDecision {
  return readWebDecision(useObjectFlagDetails(COPILOT, {}));
}
