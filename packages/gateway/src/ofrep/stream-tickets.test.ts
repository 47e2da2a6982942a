import { expect, it } from 'vitest';
import { findTag, writeTag } from './entity-tag.js';
import { newStreamId, StreamTickets } from './stream-tickets.js';

const tickets = new StreamTickets({ secret: 'a secret that is long enough to be one', acceptedSecrets: [] });
const ticket = {
  id: newStreamId(),
  owner: 'page',
  tenant: 'acme',
  user: undefined,
  issuedAt: 1,
  world: 'w',
};

it('opens what it sealed, and nothing else; the same twice is never the same text', () => {
  const sealed = tickets.seal(ticket);
  expect(tickets.open(sealed)).toEqual(ticket);
  expect(tickets.seal(ticket)).not.toBe(sealed);
  const secret = 'another secret that is long enough';
  expect(new StreamTickets({ secret, acceptedSecrets: [] }).open(sealed)).toBeUndefined();
  const acceptedSecrets = ['a secret that is long enough to be one'];
  expect(new StreamTickets({ secret, acceptedSecrets }).open(sealed)).toBeDefined();
  const bytes = Buffer.from(sealed, 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(tickets.open(changed.toString('base64url'))).toBeUndefined();
  }
  for (const bad of ['', 'x', sealed.slice(4), 'A'.repeat(100), 'A'.repeat(10_000)])
    expect(tickets.open(bad)).toBeUndefined();
});

it('finds its tag among others, weak or not', () => {
  const digest = 'd'.repeat(22);
  const tag = { digest, stream: newStreamId(), issuedAt: 1_700_000_000_000 };
  expect(findTag(`"x", W/${writeTag(tag)}`, digest)).toEqual(tag);
  expect(findTag(writeTag({ ...tag, stream: undefined }), digest)).toEqual({ ...tag, stream: undefined });
  expect(findTag(writeTag(tag), 'e'.repeat(22))).toBeUndefined();
  for (const bad of [undefined, '', '*', `"${digest}"`, `${writeTag(tag)}x`])
    expect(findTag(bad, digest)).toBeUndefined();
});
