import { describe, expect, it } from 'vitest';
import { FEEDBACK_LIFETIME, FeedbackTickets } from './feedback-ticket.js';

const SECRETS = { secret: 'a secret that is long enough to be one', acceptedSecrets: [] };
const tickets = new FeedbackTickets(SECRETS);
const subject = { feature: 'ai.copilot', change: 'ai.copilot.v1', variant: 'blue', tenant: 'acme', user: 'ada' };

describe('a feedback ticket', () => {
  it('says what it was made for, each with a name of its own', () => {
    const [first, second] = [tickets.make(subject, 1_000), tickets.make(subject, 1_000)];
    const read = tickets.verify(first, 2_000);
    expect(read).toMatchObject({ ...subject, expiresAt: 1_000 + FEEDBACK_LIFETIME });
    expect(read?.nonce).not.toBe(tickets.verify(second, 2_000)?.nonce);
    expect(new FeedbackTickets(SECRETS).verify(first, 2_000)).toEqual(read);
  });

  it('may leave out what is not known', () => {
    const made = tickets.make({
      feature: 'f',
      change: undefined,
      variant: undefined,
      tenant: undefined,
      user: undefined,
    });
    expect(tickets.verify(made)).toMatchObject({ feature: 'f', change: undefined, user: undefined });
  });

  it('counts for a day', () => {
    const made = tickets.make(subject, 0);
    expect(tickets.verify(made, FEEDBACK_LIFETIME - 1)).toBeDefined();
    expect(tickets.verify(made, FEEDBACK_LIFETIME)).toBeUndefined();
  });

  it('is nobody else’s: any change of it, another secret, anything else', () => {
    const made = tickets.make(subject);
    const [version = '', body = '', mac = ''] = made.split('.');
    const forged = Buffer.from(JSON.stringify({ f: 'ai.copilot', t: 'globex', n: 'x', e: 1e15 })).toString('base64url');
    for (const bad of [
      `${version}.${forged}.${mac}`,
      `v2.${body}.${mac}`,
      `${version}.${body}.${mac.slice(0, -1)}`,
      `${version}.${body}.`,
      `${version}.${body}`,
      `${made}.x`,
      made.replace(body, body.slice(1)),
      '',
      '..',
      'x'.repeat(10_000),
    ])
      expect([bad, tickets.verify(bad)]).toEqual([bad, undefined]);
    const secret = 'another secret that is long enough';
    expect(new FeedbackTickets({ secret, acceptedSecrets: [] }).verify(made)).toBeUndefined();
    expect(new FeedbackTickets({ secret, acceptedSecrets: [SECRETS.secret] }).verify(made)).toBeDefined();
  });
});
