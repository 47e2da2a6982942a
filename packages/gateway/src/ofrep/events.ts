import type { ControlChanged } from '@rampart/core';
import type { RouteShorthandOptions } from 'fastify';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { networkOf } from '../access/address.js';
import type { App, Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import type { BulkParts } from './bulk.js';
import { LONGEST_RETURN, type StreamTicket, TICKET_LIFETIME } from './stream-tickets.js';
import { takeOver } from './take-over.js';
import { UnrecordedChanges } from './unrecorded-changes.js';
import { worldOf } from './world.js';

const EVENTS: RouteShorthandOptions = {
  config: { callers: 'anyone', errors: 'ofrep' },
  schema: {
    tags: ['ofrep'],
    operationId: 'streamEvents',
    summary: 'Be told when to ask again',
    description: 'Server-sent events. The address, with its ticket, comes with the answer to a bulk question.',
    querystring: z.object({ ticket: z.string().min(1).max(4_096) }),
    headers: z.object({ 'last-event-id': z.string().optional() }),
  },
};

/** Tickets that were used are remembered while they could be used once more. */
const MOST_USED = 100_000;

/** `GET /ofrep/v1/events`: a page is told when flags, or what is recorded of its tenant, have changed. */
export function serveEvents(app: App, { rampart }: Gateway, { digests, streams, streamTickets }: BulkParts): void {
  const used = new LRUCache<string, true>({ max: MOST_USED, ttl: TICKET_LIFETIME });
  const { control, flags } = rampart;
  const unrecorded = new UnrecordedChanges({ rampart, digests, streams, tell });

  app.get<{ Querystring: { ticket: string } }>('/ofrep/v1/events', EVENTS, (request, reply) => {
    const ticket = streamTickets.open(request.query.ticket);
    const again = ticket !== undefined && request.headers['last-event-id'] === ticket.id;
    if (ticket === undefined || !counts(ticket, again))
      throw new Refusal(401, 'GENERAL', 'this ticket counts no more: ask for all flags again');
    const owner = ticket.owner ?? networkOf(request.ip);
    refuseTooMany(owner, ticket.id);
    const missed = again || used.has(ticket.id) || hasChanged(ticket);
    used.set(ticket.id, true);
    // A page that comes back says this id, which tells it from somebody who has found the address. Pages that lose their
    // process come back one after the other.
    const retry = 500 + Math.floor(Math.random() * 1_000);
    const socket = takeOver(reply, `retry: ${retry}\nid: ${ticket.id}\n\n`);
    if (socket === undefined) return;
    streams.add(socket, ticket, owner);
    if (missed) streams.tellOne(ticket.id);
    if (ticket.tenant !== undefined) unrecorded.watch(ticket.tenant);
  });

  function refuseTooMany(owner: string, id: string): void {
    const refusal = streams.refusal(owner, id);
    if (refusal === 'owner') throw new Refusal(429, 'GENERAL', 'too many streams are open', { retryAfter: 10 });
    if (refusal === 'all') throw new Refusal(503, 'GENERAL', 'too many streams are open', { retryAfter: 10 });
  }

  // What happened between the answer and the connection, nobody was told.
  function hasChanged({ tenant, user, world }: StreamTicket): boolean {
    if (world === '') return true;
    const now = Date.now();
    return worldOf(digests, { snapshot: flags.snapshot(), control: control.read(tenant), user, now }) !== world;
  }

  function tell(change: ControlChanged): void {
    streams.tell(change);
    unrecorded.told(change);
  }

  const stops = [
    control.subscribe?.(tell),
    flags.subscribe(({ type }) => {
      if (type === 'changed') streams.tell({ tenants: 'all' });
    }),
  ];
  app.addHook('preClose', (done) => {
    for (const stop of stops) stop?.();
    unrecorded.close();
    streams.close();
    done();
  });
}

function counts({ issuedAt }: StreamTicket, again: boolean): boolean {
  return Date.now() - issuedAt <= (again ? LONGEST_RETURN : TICKET_LIFETIME);
}
