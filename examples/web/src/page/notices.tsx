import type { WebDecision } from '@rampart/web-provider';
import { useState } from 'react';
import { Hand, Lock, Pause, Shield } from './icons.js';
import type { Session } from './session.js';

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
  const [asked, setAsked] = useState(false);
  const ask = async (): Promise<void> => {
    await session.ask('/demo/asks', 'POST', {});
    setAsked(true);
  };
  return (
    <div className="notice">
      <span className="badge">
        <Shield />
      </span>
      <h3>Your admin decides first</h3>
      <p>The copilot reads tickets to draft replies. Nobody at {company} has agreed to that yet.</p>
      <button type="button" className="primary" disabled={asked} onClick={() => void ask()}>
        {asked ? 'Your admin was asked' : 'Ask your admin'}
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

/** Nothing to sell and nothing to ask for. */
export function Off({ company, known }: { readonly company: string; readonly known: boolean }) {
  return (
    <div className="notice muted">
      <span className="badge">
        <Hand />
      </span>
      <h3>You write this one</h3>
      <p>{known ? `The copilot is off for ${company}.` : 'The copilot is off while we check what you may use.'}</p>
    </div>
  );
}
