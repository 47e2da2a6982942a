import type { WebDecision } from '@rampart/web-provider';
import type { Ticket } from '../tickets.js';
import { useCopilot } from './flags.js';
import type { GatewayApi } from './gateway-api.js';
import { Spark } from './icons.js';
import type { Sent } from './inbox.js';
import { AskYourAdmin, Off, PaywallCard, Unavailable } from './notices.js';
import type { Person, Session } from './session.js';
import { Suggestion } from './suggestion.js';

export interface CopilotProps {
  readonly ticket: Ticket;
  readonly person: Person;
  readonly api: GatewayApi;
  readonly session: Session;
  readonly sent: Sent | undefined;
  readonly onInsert: (text: string) => void;
  readonly onSend: (sent: Sent) => void;
  readonly onUndo: () => void;
}

const MODES = { suggestion: 'Suggests', confirmation: 'Asks before sending', autonomous: 'Sends by itself' } as const;

/** The side panel: what the decision says, and nothing else. */
export function Copilot(props: CopilotProps) {
  const decision = useCopilot();
  const mode = decision.mode === undefined || decision.mode === 'shadow' ? undefined : MODES[decision.mode];
  return (
    <aside className="copilot" aria-labelledby="copilot">
      <header>
        <Spark />
        <h2 id="copilot">Copilot</h2>
        {decision.enabled && mode !== undefined && <span className="mode">{mode}</span>}
      </header>
      <div role="status" className="state">
        <State decision={decision} {...props} />
      </div>
    </aside>
  );
}

function State({ decision, ...props }: CopilotProps & { readonly decision: WebDecision }) {
  switch (decision.outcome) {
    case 'enabled':
      // Another mode is another question: what was drafted under the former one is not shown on.
      return <Suggestion key={decision.mode} decision={decision} {...props} />;
    case 'paywall':
      return <PaywallCard paywall={decision.paywall} />;
    case 'consent_required':
      return <AskYourAdmin session={props.session} company={props.person.company} />;
    case 'unavailable':
      return <Unavailable message={decision.message} />;
    case 'off':
      return <Off company={props.person.company} known={decision.detail !== 'unconfirmed'} />;
  }
}
