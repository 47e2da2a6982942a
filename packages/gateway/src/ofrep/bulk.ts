import type { Inputs } from '@rampart/sdk';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.js';
import { ContextReader, type ReadContext } from '../context/read-context.js';
import type { Digests } from '../decisions/digests.js';
import { FeedbackTickets } from '../decisions/feedback-ticket.js';
import type { App, Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import { BulkWriter } from './bulk-writer.js';
import { type EntityTag, findTag, writeTag } from './entity-tag.js';
import type { EventStreams } from './event-streams.js';
import { Freshness } from './freshness.js';
import { Pacer } from './pacer.js';
import { BULK, contextOf, JSON_TYPE } from './schema.js';
import { newStreamId, type StreamTickets, TICKET_LIFETIME } from './stream-tickets.js';
import { isVisible } from './visible.js';
import { ownerOf, worldOf } from './world.js';

/** What bulk answers and event streams share. */
export interface BulkParts {
  readonly digests: Digests;
  readonly freshness: Freshness;
  readonly streams: EventStreams;
  readonly streamTickets: StreamTickets;
}

interface Query {
  readonly flagConfigEtag?: string;
}

/** Questions that wait for their turn; more are refused. */
const MOST_WAITING = 20_000;
/** How long an answer may be said to stand, in ms: the tickets in it end. */
const LONGEST_STANDING = 12 * 60 * 60 * 1_000;
const INACTIVITY = 120;

/** `POST /ofrep/v1/evaluate/flags`: every flag, not counted; nothing is evaluated where nothing has changed. */
export function serveBulk(app: App, { rampart, configuration, exposures }: Gateway, parts: BulkParts): void {
  const contexts = new ContextReader(configuration);
  const writer = new BulkWriter(new FeedbackTickets(configuration.secret));
  const pacer = new Pacer(MOST_WAITING);
  const { provider, flags } = rampart;

  app.post<{ Querystring: Query }>('/ofrep/v1/evaluate/flags', BULK, (request, reply) => {
    const context = contexts.read(request.principal, contextOf(request.body), request.ip);
    if (pacer.full) throw new Refusal(503, 'GENERAL', 'too much is asked at once', { retryAfter: 1 });
    const told = request.query.flagConfigEtag;
    const newer = Freshness.isValidator(told) ? parts.freshness.reach(told) : undefined;
    if (newer === undefined) return pacer.run(() => read(request, reply, context));
    return newer.then(() => pacer.run(() => read(request, reply, context)));
  });

  function read(request: FastifyRequest, reply: FastifyReply, context: ReadContext) {
    // Whoever has gone away while it waited needs no answer.
    if (reply.raw.destroyed) return reply.hijack();
    const asked = provider.inputs(context.ai);
    if (asked instanceof Promise) return asked.then((inputs) => answer(request, reply, context, inputs));
    return answer(request, reply, context, asked);
  }

  function answer(request: FastifyRequest, reply: FastifyReply, { plain }: ReadContext, inputs: Inputs): FastifyReply {
    if (provider.freshness === 'none') throw new Refusal(503, 'GENERAL', 'there are no flags yet', { retryAfter: 1 });
    const { principal } = request;
    const snapshot = flags.snapshot();
    const now = Date.now();
    const digest = parts.digests.answer(principal, inputs, plain, snapshot, provider.freshness === 'stale', now);
    const standing = digest === undefined ? undefined : findTag(request.headers['if-none-match'], digest);
    if (standing !== undefined && stillStands(request, standing, now))
      return reply.code(304).header('etag', writeTag(standing)).send();
    const stream = newStreamId();
    if (digest !== undefined) reply.header('etag', writeTag({ digest, stream, issuedAt: now }));
    const answers = provider.answerAll(inputs, plain);
    exposures?.noteList(answers, (flag) => isVisible(principal, snapshot, flag));
    const list = writer.write(principal, snapshot, answers);
    const ticket = seal(principal, inputs, stream, now);
    return reply.header('content-type', JSON_TYPE).send(bodyOf(list, ticket));
  }

  // With "not modified" a page keeps the address of the stream that it was given: it has to be of use still.
  function stillStands({ query }: FastifyRequest, { stream, issuedAt }: EntityTag, now: number): boolean {
    const age = now - issuedAt;
    if (age < 0 || age > LONGEST_STANDING) return false;
    const { flagConfigEtag } = query as Query;
    return (
      age <= TICKET_LIFETIME ||
      Freshness.isValidator(flagConfigEtag) ||
      (stream !== undefined && parts.streams.has(stream))
    );
  }

  function seal(principal: Principal, { subject, control }: Inputs, id: string, now: number): string {
    return parts.streamTickets.seal({
      id,
      owner: ownerOf(principal),
      tenant: subject.tenantId,
      user: subject.userId,
      issuedAt: now,
      world: worldOf(parts.digests, flags.snapshot(), control, subject.userId),
    });
  }
}

const BEGINNING = Buffer.from('{"flags":[');

function bodyOf(list: readonly Buffer[], ticket: string): Buffer {
  const stream = { type: 'sse', endpoint: { requestUri: `/ofrep/v1/events?ticket=${ticket}` } };
  const end = `],"eventStreams":[${JSON.stringify({ ...stream, inactivityDelaySec: INACTIVITY })}]}`;
  return Buffer.concat([BEGINNING, ...list, Buffer.from(end)]);
}
