import { useCallback, useState } from 'react';
import { TICKETS, type Ticket } from '../tickets.js';
import { Copilot } from './copilot.js';
import type { GatewayApi } from './gateway-api.js';
import type { Person, Session } from './session.js';

/** A reply that went out. */
export interface Sent {
  readonly text: string;
  /** The copilot sent it by itself. */
  readonly automatic: boolean;
}

interface InboxProps {
  readonly person: Person;
  readonly api: GatewayApi;
  readonly session: Session;
}

export function Inbox({ person, api, session }: InboxProps) {
  const [open, setOpen] = useState<Ticket>(TICKETS[0] as Ticket);
  const [replies, setReplies] = useState<Readonly<Record<string, Sent>>>({});
  const [drafts, setDrafts] = useState<Readonly<Record<string, string>>>({});
  const { id } = open;
  const send = useCallback((sent: Sent) => setReplies((all) => ({ ...all, [id]: sent })), [id]);
  const undo = useCallback(() => setReplies(({ [id]: _gone, ...others }) => others), [id]);
  const insert = useCallback((text: string) => setDrafts((all) => ({ ...all, [id]: text })), [id]);
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
              <small>{replies[ticket.id] === undefined ? ticket.age : 'answered'}</small>
            </span>
            <span className="subject">{ticket.subject}</span>
          </button>
        ))}
      </nav>
      <Conversation
        ticket={open}
        person={person}
        sent={replies[id]}
        draft={drafts[id] ?? ''}
        onDraft={insert}
        onSend={(text) => send({ text, automatic: false })}
      />
      <Copilot
        key={id}
        ticket={open}
        person={person}
        api={api}
        session={session}
        sent={replies[id]}
        onInsert={insert}
        onSend={send}
        onUndo={undo}
      />
    </main>
  );
}

interface ConversationProps {
  readonly ticket: Ticket;
  readonly person: Person;
  readonly sent: Sent | undefined;
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly onSend: (text: string) => void;
}

function Conversation({ ticket, person, sent, draft, onDraft, onSend }: ConversationProps) {
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
      {sent !== undefined && (
        <article className="message reply">
          <header>
            <span className="avatar" aria-hidden="true">
              {person.name[0]}
            </span>
            <strong>{person.name}</strong>
            <small>{sent.automatic ? 'sent by the copilot' : 'just now'}</small>
          </header>
          <p>{sent.text}</p>
        </article>
      )}
      {sent === undefined && (
        <form
          className="composer"
          onSubmit={(event) => {
            event.preventDefault();
            if (draft.trim() !== '') onSend(draft);
          }}
        >
          <label htmlFor="reply">Your reply to {ticket.from}</label>
          <textarea
            id="reply"
            rows={5}
            value={draft}
            placeholder="Write a reply"
            onChange={(event) => onDraft(event.target.value)}
          />
          <div className="actions">
            <button type="submit" className={draft.trim() === '' ? '' : 'primary'}>
              Send reply
            </button>
          </div>
        </form>
      )}
    </section>
  );
}
