import { useEffect, useState } from 'react';
import type { GatewayApi } from './gateway-api.js';
import { ThumbDown, ThumbUp } from './icons.js';

/** Helpful or not, once for each suggestion. */
export function Feedback({ api }: { readonly api: GatewayApi }) {
  const [state, setState] = useState<'open' | 'sent' | 'failed'>('open');
  const [ticket, setTicket] = useState<string>();
  useEffect(() => {
    api.ticket().then(setTicket, () => {});
  }, [api]);
  if (ticket === undefined) return null;
  const say = (helpful: boolean): void => {
    api.feedback(ticket, helpful).then(
      () => setState('sent'),
      () => setState('failed'),
    );
  };
  if (state === 'sent') return <p className="feedback">Thank you. That helps.</p>;
  if (state === 'failed') return <p className="feedback">That could not be recorded.</p>;
  return (
    <fieldset className="feedback">
      <legend>Was this helpful?</legend>
      <button type="button" className="quiet" onClick={() => say(true)}>
        <ThumbUp />
        Helpful
      </button>
      <button type="button" className="quiet" onClick={() => say(false)}>
        <ThumbDown />
        Not helpful
      </button>
    </fieldset>
  );
}
