/** How far the answer to a ticket is. */
export type Reply =
  /** `taken`: a person has taken it over, by writing or by undoing. From then on nothing goes out by itself. */
  | { readonly kind: 'open'; readonly draft: string; readonly taken: boolean }
  /** `automatic`: the copilot sent it by itself. */
  | { readonly kind: 'sent'; readonly text: string; readonly automatic: boolean };

/** What a person or the copilot does about a ticket. */
export type Step =
  | { readonly kind: 'write' | 'insert' | 'send' | 'send_by_itself'; readonly text: string }
  | { readonly kind: 'undo' };

export type Replies = Readonly<Record<string, Reply>>;

const UNTOUCHED: Reply = { kind: 'open', draft: '', taken: false };

export function replyTo(replies: Replies, ticket: string): Reply {
  return replies[ticket] ?? UNTOUCHED;
}

export function withStep(replies: Replies, [ticket, step]: readonly [ticket: string, step: Step]): Replies {
  return { ...replies, [ticket]: after(replyTo(replies, ticket), step) };
}

function after(reply: Reply, step: Step): Reply {
  if (step.kind === 'undo') return { kind: 'open', draft: '', taken: true };
  if (reply.kind === 'sent') return reply;
  const { text } = step;
  switch (step.kind) {
    case 'write':
      return { kind: 'open', draft: text, taken: true };
    case 'insert':
      return { kind: 'open', draft: joined(reply.draft, text), taken: true };
    case 'send':
      return { kind: 'sent', text, automatic: false };
    case 'send_by_itself':
      return reply.taken ? reply : { kind: 'sent', text, automatic: true };
  }
}

/** What somebody wrote stays; what is in it already isn't added twice. */
function joined(draft: string, text: string): string {
  if (draft.trim() === '') return text;
  return draft.includes(text) ? draft : `${draft}\n\n${text}`;
}
