import type { JsonValue } from '@rampart/core';

/** What a model call gives. */
export interface Draft {
  readonly text: string;
  /** How sure the model says it is, 0..1. */
  readonly confidence: number;
}

const DRAFTS: Readonly<Record<string, Draft>> = {
  password: {
    text: 'Hi Priya, that happens with a new phone. On the sign-in page choose “Can’t get a code?”, then “Use a recovery code”. You were shown ten of them when you turned on two-step login. If you don’t have them any more, tell me and I’ll check your identity and reset it.',
    confidence: 0.98,
  },
  invoice: {
    text: 'Hi Tomás, you find it under Billing → History → October. The PDF carries the VAT number that was set when it was issued; choose “Issue again” to have the new one on it.',
    confidence: 0.87,
  },
  slow: { text: 'It may have to do with your settings.', confidence: 0.35 },
};

/**
 * A DOUBLE. Stands where your model call stands; the same ticket always gets the same draft.
 *
 * @param binding what the served variant is bound to: { model, prompt, ... }. It never leaves the server.
 */
export async function modelDouble(ticket: string, _binding: JsonValue | undefined): Promise<Draft> {
  return DRAFTS[ticket] ?? { text: '', confidence: 0 };
}
