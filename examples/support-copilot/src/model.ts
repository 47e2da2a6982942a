import type { JsonValue } from '@rampart/core';

/** What a model call gives. */
export interface ModelAnswer {
  readonly text: string;
  /** How sure the model says it is, 0..1. */
  readonly confidence: number;
}

const ARTICLES = [
  { about: 'password', text: 'Choose "Forgot password" on the sign-in page.', confidence: 0.97 },
  { about: 'invoice', text: 'You find every invoice under Billing > History.', confidence: 0.86 },
  { about: 'refund', text: 'Refund 40 USD: the order arrived nine days late.', confidence: 0.91 },
];

/**
 * A FAKE. Stands where your model call stands; the same question always gets the same answer and the same confidence.
 *
 * @param binding what the served variant is bound to: { model, prompt, ... }
 */
export async function fakeModel(question: string, binding: JsonValue | undefined): Promise<ModelAnswer> {
  const article = ARTICLES.find(({ about }) => question.toLowerCase().includes(about));
  const { text, confidence } = article ?? { text: 'It may have to do with your settings.', confidence: 0.35 };
  return { text: isFormal(binding) ? `Thank you for asking. ${text}` : text, confidence };
}

function isFormal(binding: JsonValue | undefined): boolean {
  return typeof binding === 'object' && binding !== null && 'tone' in binding && binding['tone'] === 'formal';
}
