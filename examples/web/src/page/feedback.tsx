import { useEffect, useState } from 'react';
import type { GatewayApi } from './gateway-api.js';
import { ThumbDown, ThumbUp } from './icons.js';
import { useAction } from './use-action.js';

/** Helpful or not, once for each suggestion. */
export function Feedback({ api }: { readonly api: GatewayApi }) {
  const [ticket, setTicket] = useState<string>();
  useEffect(() => {
    api.ticket().then(setTicket, () => {});
  }, [api]);
  return ticket === undefined ? null : <Rating say={(helpful) => api.feedback(ticket, helpful)} />;
}

function Rating({ say }: { readonly say: (helpful: boolean) => Promise<void> }) {
  const { state, start } = useAction(say);
  if (state === 'done') return <p className="feedback">Thank you. That helps.</p>;
  return (
    <fieldset className="feedback">
      <legend>Was this helpful?</legend>
      <button type="button" className="quiet" onClick={() => start(true)}>
        <ThumbUp />
        Helpful
      </button>
      <button type="button" className="quiet" onClick={() => start(false)}>
        <ThumbDown />
        Not helpful
      </button>
      {state === 'failed' && (
        <p role="alert" className="failure">
          That could not be recorded. Please try again.
        </p>
      )}
    </fieldset>
  );
}
