import type { WebDecision } from '@rampart/web-provider';
import type { Ticket } from '../tickets.js';
import { type CopilotState, useCopilot } from './flags.js';
import type { GatewayApi } from './gateway-api.js';
import { Spark } from './icons.js';
import { AskYourAdmin, Checking, Off, PaywallCard, Unavailable, Unreachable, YouDecide } from './notices.js';
import type { Reply, Step } from './replies.js';
import type { Person, Session } from './session.js';
import { Suggestion } from './suggestion.js';

export interface CopilotProps {
  readonly ticket: Ticket;
  readonly person: Person;
  readonly api: GatewayApi;
  readonly session: Session;
  readonly reply: Reply;
  readonly onStep: (step: Step) => void;
  /** Leads an admin to the settings. */
  readonly onDecide: () => void;
}

const MODES = { suggestion: 'Suggests', confirmation: 'Asks before sending', autonomous: 'Sends by itself' } as const;

/** The side panel: what the decision says, and nothing else. */
export function Copilot(props: CopilotProps) {
  const state = useCopilot();
  return (
    <aside className="copilot" aria-labelledby="copilot">
      <header>
        <Spark />
        <h2 id="copilot">Copilot</h2>
        {state.outcome === 'enabled' && <ModeTag mode={state.mode} />}
      </header>
      <div role="status" className="state">
        <State state={state} {...props} />
      </div>
    </aside>
  );
}

function ModeTag({ mode }: { readonly mode: WebDecision['mode'] }) {
  return mode === undefined || mode === 'shadow' ? null : <span className="mode">{MODES[mode]}</span>;
}

function State({ state, ...props }: CopilotProps & { readonly state: CopilotState }) {
  switch (state.outcome) {
    case 'enabled':
      // Another mode is another question: what was drafted under the former one is not shown on.
      return <Suggestion key={state.mode} decision={state} {...props} />;
    case 'paywall':
      return <PaywallCard paywall={state.paywall} />;
    case 'consent_required':
      return props.person.role === 'admin' ? (
        <YouDecide company={props.person.company} onDecide={props.onDecide} />
      ) : (
        <AskYourAdmin session={props.session} company={props.person.company} />
      );
    case 'unavailable':
      return <Unavailable message={state.message} />;
    case 'off':
      return <Off company={props.person.company} />;
    case 'checking':
      return <Checking />;
    case 'unreachable':
      return <Unreachable />;
  }
}
