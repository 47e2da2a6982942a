import type { WebDecision } from '@rampart/web-provider';
import { useCallback, useEffect, useState } from 'react';
import type { CopilotProps } from './copilot.js';
import { Feedback } from './feedback.js';
import { Closed, Unanswered, Unsure } from './notices.js';
import type { Session } from './session.js';

type Draft =
  | { readonly kind: 'draft'; readonly route: 'auto' | 'confirm' | 'review'; readonly text: string }
  | { readonly kind: 'waiting' | 'human' | 'closed' | 'unavailable' };

const WAITING: Draft = { kind: 'waiting' };

type SuggestionProps = CopilotProps & { readonly decision: WebDecision };

/** A draft in the mode that was decided. The page's own server asks the gateway again before it calls the model. */
export function Suggestion({ decision, ...props }: SuggestionProps) {
  const { ticket, session, onStep } = props;
  const { draft, ask } = useDraft(session, ticket.id);
  useEffect(() => {
    if (draft.kind === 'draft' && draft.route === 'auto') onStep({ kind: 'send_by_itself', text: draft.text });
  }, [draft, onStep]);
  switch (draft.kind) {
    case 'waiting':
      return <p className="waiting">Reading the ticket…</p>;
    case 'human':
      return <Unsure />;
    case 'closed':
      return <Closed onRetry={ask} />;
    case 'unavailable':
      return <Unanswered onRetry={ask} />;
    case 'draft':
      return (
        <>
          <DraftCard draft={draft} {...props} />
          {decision.disclosure !== undefined && <p className="disclosure">{decision.disclosure}</p>}
          <Feedback api={props.api} />
        </>
      );
  }
}

function useDraft(session: Session, ticket: string): { readonly draft: Draft; readonly ask: () => void } {
  const [draft, setDraft] = useState(WAITING);
  const ask = useCallback(() => {
    let current = true;
    const arrived = (next: Draft): void => void (current && setDraft(next));
    setDraft(WAITING);
    session.ask<Draft>('/demo/suggestions', 'POST', { ticket }).then(arrived, () => {
      arrived({ kind: 'unavailable' });
    });
    return () => {
      current = false;
    };
  }, [session, ticket]);
  useEffect(ask, [ask]);
  return { draft, ask };
}

type DraftCardProps = CopilotProps & { readonly draft: Extract<Draft, { readonly kind: 'draft' }> };

function DraftCard({ draft: { route, text }, reply, onStep }: DraftCardProps) {
  if (reply.kind === 'sent' && reply.automatic) {
    return (
      <div className="sent">
        <p>
          <strong>Sent for you.</strong> The copilot was sure about this one.
        </p>
        <button type="button" onClick={() => onStep({ kind: 'undo' })}>
          Undo
        </button>
      </div>
    );
  }
  if (reply.kind === 'sent') return <p className="waiting">Answered. On to the next one.</p>;
  // What might have gone out by itself, but for a person who has taken over, waits for that person.
  const confirms = route !== 'review';
  return (
    <>
      <h3 className="label">{confirms ? 'Ready to send' : 'Suggested reply'}</h3>
      <blockquote className="draft">{text}</blockquote>
      <div className="actions">
        {confirms && (
          <button type="button" className="primary" onClick={() => onStep({ kind: 'send', text })}>
            Send this reply
          </button>
        )}
        <button type="button" className={confirms ? '' : 'primary'} onClick={() => onStep({ kind: 'insert', text })}>
          {confirms ? 'Edit first' : 'Insert into reply'}
        </button>
      </div>
    </>
  );
}
