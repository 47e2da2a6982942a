import type { WebDecision } from '@rampart/web-provider';
import { useEffect, useState } from 'react';
import type { CopilotProps } from './copilot.js';
import { Feedback } from './feedback.js';
import { Hand } from './icons.js';

type Draft =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'draft'; readonly route: 'auto' | 'confirm' | 'review'; readonly text: string }
  | { readonly kind: 'human' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed' };

type SuggestionProps = CopilotProps & { readonly decision: WebDecision };

/** A draft in the mode that was decided. The page's own server asks the gateway again before it calls the model. */
export function Suggestion({ decision, ...props }: SuggestionProps) {
  const { ticket, session, sent, onSend } = props;
  const [draft, setDraft] = useState<Draft>({ kind: 'waiting' });
  const [undone, setUndone] = useState(false);
  useEffect(() => {
    let current = true;
    const arrived = (next: Draft): void => void (current && setDraft(next));
    session.ask<Draft>('/demo/suggestions', 'POST', { ticket: ticket.id }).then(arrived, () => {
      arrived({ kind: 'failed' });
    });
    return () => {
      current = false;
    };
  }, [session, ticket]);
  const automatic = draft.kind === 'draft' && draft.route === 'auto' && !undone;
  const text = draft.kind === 'draft' ? draft.text : '';
  useEffect(() => {
    if (automatic && sent === undefined) onSend({ text, automatic: true });
  }, [automatic, sent, text, onSend]);
  if (draft.kind === 'waiting') return <p className="waiting">Reading the ticket…</p>;
  if (draft.kind === 'failed') return <p className="waiting">The copilot didn’t answer. Write your reply as usual.</p>;
  if (draft.kind !== 'draft') return <Unsure />;
  const undo = (): void => {
    setUndone(true);
    props.onUndo();
  };
  return (
    <>
      <DraftCard draft={draft} {...props} undone={undone} onTakeBack={undo} />
      {decision.disclosure !== undefined && <p className="disclosure">{decision.disclosure}</p>}
      <Feedback api={props.api} />
    </>
  );
}

function Unsure() {
  return (
    <div className="notice muted">
      <span className="badge">
        <Hand />
      </span>
      <h3>This one needs you</h3>
      <p>The copilot isn’t sure enough about this ticket to suggest anything.</p>
    </div>
  );
}

type DraftCardProps = CopilotProps & {
  readonly draft: Extract<Draft, { readonly kind: 'draft' }>;
  readonly undone: boolean;
  readonly onTakeBack: () => void;
};

function DraftCard({ draft: { route, text }, sent, undone, onTakeBack, onInsert, onSend }: DraftCardProps) {
  if (sent?.automatic) {
    return (
      <div className="sent">
        <p>
          <strong>Sent for you.</strong> The copilot was sure about this one.
        </p>
        <button type="button" onClick={onTakeBack}>
          Undo
        </button>
      </div>
    );
  }
  if (sent !== undefined) return <p className="waiting">Answered. On to the next one.</p>;
  const confirms = route === 'confirm' || undone;
  return (
    <>
      <h3 className="label">{confirms ? 'Ready to send' : 'Suggested reply'}</h3>
      <blockquote className="draft">{text}</blockquote>
      <div className="actions">
        {confirms && (
          <button type="button" className="primary" onClick={() => onSend({ text, automatic: false })}>
            Send this reply
          </button>
        )}
        <button type="button" className={confirms ? '' : 'primary'} onClick={() => onInsert(text)}>
          {confirms ? 'Edit first' : 'Insert into reply'}
        </button>
      </div>
    </>
  );
}
