import type { Answer } from '@rampart/sdk';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressOf } from '../access/address.js';
import { ContextReader } from '../context/read-context.js';
import { AnswerCache } from '../decisions/answer-cache.js';
import { FeedbackTickets } from '../decisions/feedback-ticket.js';
import { isSameAi } from '../decisions/same-answer.js';
import type { App, Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import { feedbackFor } from './bulk-writer.js';
import {
  type AskedKey,
  browserEntry,
  type Failure,
  hiddenEntry,
  plainEntry,
  readKey,
  type Success,
  serviceEntry,
} from './entry.js';
import { contextOf, JSON_TYPE, SINGLE } from './schema.js';
import { beginningOf, endOf } from './service-text.js';
import { isHidden, isKnownAi, isVisible } from './visible.js';

/** `POST /ofrep/v1/evaluate/flags/:key`: one flag, counted as one evaluation. */
export function serveSingle(app: App, { rampart, configuration, exposures }: Gateway): void {
  const contexts = new ContextReader(configuration);
  const tickets = new FeedbackTickets(configuration);
  const texts = new AnswerCache<string>();
  const { provider, flags } = rampart;

  app.post<{ Params: { key: string } }>('/ofrep/v1/evaluate/flags/:key', SINGLE, (request, reply) => {
    const { principal } = request;
    const asked = readKey(request.params.key);
    if (!isVisible(principal, flags.snapshot(), asked.name)) return invisible(request, reply, asked);
    const { ai, plain } = contexts.read(principal, contextOf(request.body), addressOf(request.ip));
    const answer = provider.engine.evaluate(asked.name, ai, { plain });
    if (answer instanceof Promise) return answer.then((late) => respond(request, reply, asked, late));
    return respond(request, reply, asked, answer);
  });

  function respond(request: FastifyRequest, reply: FastifyReply, asked: AskedKey, answer: Answer): FastifyReply {
    const { principal } = request;
    if (answer.kind === 'ai') exposures?.note(answer.decision, answer.subject);
    // Texts are kept by the name of a flag that exists; there is no end of others.
    const isKept = answer.kind === 'ai' && answer.flagKind !== 'missing';
    if (!isKept || principal.kind !== 'service' || asked.type !== undefined)
      return send(reply, entryOf(request, asked, answer));
    const text = texts.once(flags.snapshot(), answer, isSameAi, beginningOf);
    return sendText(reply, text + endOf(answer.subject.userId));
  }

  function entryOf({ principal }: FastifyRequest, asked: AskedKey, answer: Answer): Success | Failure {
    if (answer.kind === 'missing') {
      if (!answer.ready) throw new Refusal(503, 'GENERAL', 'there are no flags yet', { retryAfter: 1 });
      return notFoundEntry(asked);
    }
    if (answer.kind === 'plain') return plainEntry(asked, answer);
    if (principal.kind === 'service') return serviceEntry(asked, answer);
    if (isHidden(answer, flags.snapshot())) return hiddenEntry(asked);
    return browserEntry(asked, answer, feedbackFor(principal, answer, tickets));
  }

  // A key that may not ask is told so; to a page, flags of other projects are not there.
  function invisible({ principal }: FastifyRequest, reply: FastifyReply, asked: AskedKey): FastifyReply {
    if (principal.kind === 'service') throw new Refusal(403, 'GENERAL', 'this key may not ask about this flag');
    const isClosed = isKnownAi(configuration, flags.snapshot(), asked.name);
    return send(reply, isClosed ? hiddenEntry(asked) : notFoundEntry(asked));
  }
}

function notFoundEntry({ key }: AskedKey): Failure {
  return { key, errorCode: 'FLAG_NOT_FOUND', errorDetails: 'there is no such flag' };
}

function send(reply: FastifyReply, entry: Success | Failure): FastifyReply {
  if ('errorCode' in entry) reply.code(entry.errorCode === 'FLAG_NOT_FOUND' ? 404 : 400);
  return sendText(reply, JSON.stringify(entry));
}

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', JSON_TYPE).send(text);
}
