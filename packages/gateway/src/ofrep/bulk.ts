import type { FlagSnapshot } from '@rampart/core';
import type { Inputs } from '@rampart/sdk';
import type { FastifyReply } from 'fastify';
import { addressOf } from '../access/address.js';
import type { Principal } from '../access/principal.js';
import { ContextReader } from '../context/read-context.js';
import type { Digests } from '../decisions/digests.js';
import { FeedbackTickets } from '../decisions/feedback-ticket.js';
import type { App, Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import { BulkWriter } from './bulk-writer.js';
import { type EntityTag, findTag, writeTag } from './entity-tag.js';
import type { EventStreams } from './event-streams.js';
import { Freshness, type Question, type Told } from './freshness.js';
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

/** What an answer was made from, and when. */
interface Made {
  readonly snapshot: FlagSnapshot;
  readonly digest: string | undefined;
  /** The stream's. */
  readonly id: string;
  readonly now: number;
}

/** Questions that wait for their turn; more are refused. */
const MOST_WAITING = 20_000;
/** How long an answer may be said to stand, in ms: the tickets in it end. */
const LONGEST_STANDING = 12 * 60 * 60 * 1_000;
const INACTIVITY = 120;

/** `POST /ofrep/v1/evaluate/flags`: every flag, not counted; nothing is evaluated where nothing has changed. */
export function serveBulk(app: App, { rampart, configuration, exposures }: Gateway, parts: BulkParts): void {
  const contexts = new ContextReader(configuration);
  const writer = new BulkWriter(new FeedbackTickets(configuration));
  const pacer = new Pacer(MOST_WAITING);
  const { provider, flags } = rampart;
  const { digests, freshness, streams, streamTickets } = parts;

  app.post<{ Querystring: Query }>('/ofrep/v1/evaluate/flags', BULK, (request, reply) => {
    const context = contexts.read(request.principal, contextOf(request.body), addressOf(request.ip));
    if (pacer.full) throw new Refusal(503, 'GENERAL', 'too much is asked at once', { retryAfter: 1 });
    const told = Freshness.read(request.query.flagConfigEtag);
    const question = { request, reply, context, told };
    const newer = told && freshness.reach(told);
    if (newer === undefined) return pacer.run(() => read(question));
    return newer.then(() => pacer.run(() => read(question)));
  });

  function read(question: Question) {
    const { reply, context } = question;
    // Whoever has gone away while it waited needs no answer.
    if (reply.raw.destroyed) return reply.hijack();
    const asked = provider.engine.readInputs(context.ai);
    if (asked instanceof Promise) return asked.then((inputs) => answer(question, inputs));
    return answer(question, asked);
  }

  function answer(question: Question, asked: Inputs): FastifyReply {
    const { request, reply, told } = question;
    const { plain } = question.context;
    if (provider.engine.freshness === 'none')
      throw new Refusal(503, 'GENERAL', 'there are no flags yet', { retryAfter: 1 });
    const { principal } = request;
    const snapshot = flags.snapshot();
    const now = Date.now();
    const inputs = freshness.notBefore(told, asked);
    const isGiven = (flag: string): boolean => isVisible(principal, snapshot, flag);
    const digest = freshness.digest(question, inputs, snapshot, now);
    const standing = digest === undefined ? undefined : findTag(request.headers['if-none-match'], digest);
    if (standing !== undefined && stillStands(standing, told, now)) {
      if (exposures?.isDue(standing.digest))
        exposures.noteList({ digest, answers: provider.engine.evaluateAll(inputs, plain), isGiven });
      return reply.code(304).header('etag', writeTag(standing)).send();
    }
    const id = newStreamId();
    if (digest !== undefined) reply.header('etag', writeTag({ digest, stream: id, issuedAt: now }));
    const answers = provider.engine.evaluateAll(inputs, plain);
    exposures?.noteList({ digest, answers, isGiven });
    const list = writer.write(principal, snapshot, answers);
    const ticket = seal(principal, inputs, { snapshot, digest, id, now });
    return reply.header('content-type', JSON_TYPE).send(bodyOf(list, ticket));
  }

  // With "not modified" a page keeps the address of the stream that it was given: it has to be of use still.
  function stillStands({ stream, issuedAt }: EntityTag, told: Told | undefined, now: number): boolean {
    const age = now - issuedAt;
    if (age < 0 || age > LONGEST_STANDING) return false;
    return age <= TICKET_LIFETIME || told !== undefined || (stream !== undefined && streams.has(stream));
  }

  // What an answer without a digest stands for nobody knows: its page is told to ask again as soon as it listens.
  function seal(principal: Principal, { subject, control }: Inputs, made: Made): string {
    const { tenantId: tenant, userId: user } = subject;
    const { snapshot, digest, id, now } = made;
    const world = digest === undefined ? '' : worldOf(digests, { snapshot, control, user, now });
    return streamTickets.seal({ id, owner: ownerOf(principal), tenant, user, issuedAt: now, world });
  }
}

const BEGINNING = Buffer.from('{"flags":[');

function bodyOf(list: readonly Buffer[], ticket: string): Buffer {
  const stream = { type: 'sse', endpoint: { requestUri: `/ofrep/v1/events?ticket=${ticket}` } };
  const end = `],"eventStreams":[${JSON.stringify({ ...stream, inactivityDelaySec: INACTIVITY })}]}`;
  return Buffer.concat([BEGINNING, ...list, Buffer.from(end)]);
}
