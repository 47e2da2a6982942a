import { useCallback, useState } from 'react';
import { TICKETS, type Ticket } from '../tickets.js';
import { Copilot } from './copilot.js';
import type { GatewayApi } from './gateway-api.js';
import { type Replies, type Reply, replyTo, type Step } from './replies.js';
import type { Person, Session } from './session.js';

interface InboxProps {
  readonly person: Person;
  readonly api: GatewayApi;
  readonly session: Session;
  readonly replies: Replies;
  readonly onStep: (step: readonly [ticket: string, step: Step]) => void;
  readonly onDecide: () => void;
}

export function Inbox({ person, api, session, replies, onStep, onDecide }: InboxProps) {
  const [open, setOpen] = useState<Ticket>(TICKETS[0] as Ticket);
  const { id } = open;
  const step = useCallback((next: Step) => onStep([id, next]), [id, onStep]);
  const about = { ticket: open, person, reply: replyTo(replies, id), onStep: step };
  return (
    <main className="inbox">
      <nav aria-label="Tickets" className="tickets">
        {TICKETS.map((ticket) => (
          <button
            key={ticket.id}
            type="button"
            aria-current={ticket === open ? 'true' : undefined}
            onClick={() => setOpen(ticket)}
          >
            <span className="line">
              <strong>{ticket.from}</strong>
              <small>{replyTo(replies, ticket.id).kind === 'sent' ? 'answered' : ticket.age}</small>
            </span>
            <span className="subject">{ticket.subject}</span>
          </button>
        ))}
      </nav>
      <Conversation {...about} />
      <Copilot key={id} {...about} api={api} session={session} onDecide={onDecide} />
    </main>
  );
}

interface ConversationProps {
  readonly ticket: Ticket;
  readonly person: Person;
  readonly reply: Reply;
  readonly onStep: (step: Step) => void;
}

function Conversation({ ticket, person, reply, onStep }: ConversationProps) {
  return (
    <section className="conversation" aria-labelledby="subject">
      <h1 id="subject">{ticket.subject}</h1>
      <article className="message">
        <header>
          <span className="avatar customer" aria-hidden="true">
            {ticket.from[0]}
          </span>
          <strong>{ticket.from}</strong>
          <small>{ticket.age} ago</small>
        </header>
        <p>{ticket.text}</p>
      </article>
      {reply.kind === 'sent' ? (
        <article className="message reply">
          <header>
            <span className="avatar" aria-hidden="true">
              {person.name[0]}
            </span>
            <strong>{person.name}</strong>
            <small>{reply.automatic ? 'sent by the copilot' : 'just now'}</small>
          </header>
          <p>{reply.text}</p>
        </article>
      ) : (
        <Composer to={ticket.from} draft={reply.draft} onStep={onStep} />
      )}
    </section>
  );
}

interface ComposerProps {
  readonly to: string;
  readonly draft: string;
  readonly onStep: (step: Step) => void;
}

function Composer({ to, draft, onStep }: ComposerProps) {
  const empty = draft.trim() === '';
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (!empty) onStep({ kind: 'send', text: draft });
      }}
    >
      <label htmlFor="reply">Your reply to {to}</label>
      <textarea
        id="reply"
        rows={5}
        value={draft}
        placeholder="Write a reply"
        onChange={(event) => onStep({ kind: 'write', text: event.target.value })}
      />
      <div className="actions">
        <button type="submit" className={empty ? '' : 'primary'}>
          Send reply
        </button>
      </div>
    </form>
  );
}
