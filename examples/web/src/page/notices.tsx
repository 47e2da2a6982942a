import type { WebDecision } from '@rampart/web-provider';
import type { ReactNode } from 'react';
import { Hand, Lock, Pause, Shield, Spark } from './icons.js';
import type { Session } from './session.js';
import { useAction } from './use-action.js';

/** The plan is all that is missing. */
export function PaywallCard({ paywall }: { readonly paywall: WebDecision['paywall'] }) {
  const needed = paywall?.requiredTier ?? 'a higher';
  return (
    <div className="notice paywall">
      <span className="badge">
        <Lock />
      </span>
      <h3>Draft replies with the copilot</h3>
      <p>{paywall?.message}</p>
      <ul className="gains">
        <li>A first draft for every ticket</li>
        <li>One click to send when it is sure</li>
        <li>You decide how much it does by itself</li>
      </ul>
      {paywall?.upgradeUrl !== undefined && (
        <a className="button primary" href={paywall.upgradeUrl} target="_blank" rel="noreferrer">
          Upgrade to {needed}
        </a>
      )}
    </div>
  );
}

/** The admin's consent is all that is missing. */
export function AskYourAdmin({ session, company }: { readonly session: Session; readonly company: string }) {
  const { state, start } = useAction(() => session.ask('/demo/asks', 'POST', {}));
  const asked = state === 'done';
  return (
    <div className="notice">
      <span className="badge">
        <Shield />
      </span>
      <h3>Your admin decides first</h3>
      <p>The copilot reads tickets to draft replies. Nobody at {company} has agreed to that yet.</p>
      <button type="button" className="primary" aria-disabled={asked} onClick={() => asked || start()}>
        {asked ? 'Your admin was asked' : 'Ask your admin'}
      </button>
      {state === 'failed' && (
        <p role="alert" className="failure">
          Your admin could not be asked. Please try again.
        </p>
      )}
    </div>
  );
}

/** The same, said to the only one who can change it. */
export function YouDecide({ company, onDecide }: { readonly company: string; readonly onDecide: () => void }) {
  return (
    <div className="notice">
      <span className="badge">
        <Shield />
      </span>
      <h3>You decide first</h3>
      <p>The copilot reads tickets to draft replies. Nobody at {company} has agreed to that yet: as admin, you can.</p>
      <button type="button" className="primary" onClick={onDecide}>
        Open the settings
      </button>
    </div>
  );
}

/** An emergency: somebody on call has switched it off. */
export function Unavailable({ message }: { readonly message: string | undefined }) {
  return (
    <div className="notice warning">
      <span className="badge">
        <Pause />
      </span>
      <h3>Not available right now</h3>
      <p>{message}</p>
    </div>
  );
}

interface QuietProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly onRetry?: () => void;
}

/** Nothing to sell and nothing to ask for: the person goes on without. */
function Quiet({ icon, title, text, onRetry }: QuietProps) {
  return (
    <div className="notice muted">
      <span className="badge">{icon}</span>
      <h3>{title}</h3>
      <p>{text}</p>
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

interface Retry {
  readonly onRetry: () => void;
}

/** So it was decided. */
export const Off = ({ company }: { readonly company: string }) => (
  <Quiet icon={<Hand />} title="You write this one" text={`The copilot is off for ${company}.`} />
);

/** Nothing is known yet. */
export const Checking = () => (
  <Quiet icon={<Spark />} title="One moment" text="Checking what you may use. You can write your reply meanwhile." />
);

/** Nothing is known, and nobody answers. */
export const Unreachable = () => (
  <Quiet
    icon={<Pause />}
    title="The copilot can’t be reached"
    text="Write your reply as usual. It comes back by itself when there is a connection."
  />
);

/** The model does not know enough. */
export const Unsure = () => (
  <Quiet
    icon={<Hand />}
    title="This one needs you"
    text="The copilot isn’t sure enough about this ticket to suggest anything."
  />
);

/** The server has heard of something that this page has not yet. */
export const Closed = ({ onRetry }: Retry) => (
  <Quiet
    icon={<Lock />}
    title="Closed a moment ago"
    text="The copilot may not draft this reply any more: a setting has just changed."
    onRetry={onRetry}
  />
);

/** A service is down. */
export const Unanswered = ({ onRetry }: Retry) => (
  <Quiet
    icon={<Pause />}
    title="The copilot didn’t answer"
    text="Write your reply as usual, or ask again."
    onRetry={onRetry}
  />
);
