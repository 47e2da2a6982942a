import type { Inputs } from '@rampart/sdk';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressOf } from '../access/address.js';
import { ContextReader } from '../context/read-context.js';
import { Digests } from '../decisions/digests.js';
import { FeedbackTickets } from '../decisions/feedback-ticket.js';
import type { App, Gateway } from '../gateway.js';
import { findTag, writeTag } from '../ofrep/entity-tag.js';
import { Freshness, type Question } from '../ofrep/freshness.js';
import { Pacer } from '../ofrep/pacer.js';
import { isVisible } from '../ofrep/visible.js';
import { Refusal } from '../service/refusal.js';
import { contextOfBody, contextOfQuery } from './context.js';
import { GET_TOGGLES, METRICS, POST_TOGGLES, REGISTER } from './schema.js';
import { ToggleWriter } from './toggles.js';
import { addUsage } from './usage.js';

/** How long an answer may be said to stand, in ms: the tickets in it end. */
const LONGEST_STANDING = 12 * 60 * 60 * 1_000;
const JSON_TYPE = 'application/json; charset=utf-8';

/** Questions that wait for their turn; more are refused. */
const MOST_WAITING = 20_000;

/** Unleash's Frontend API, for the clients that pages have already. */
export function serveFrontend(app: App, { rampart, configuration, exposures }: Gateway): void {
  const contexts = new ContextReader(configuration);
  const digests = new Digests(configuration);
  const toggles = new ToggleWriter(new FeedbackTickets(configuration));
  const freshness = new Freshness(rampart, digests);
  const pacer = new Pacer(MOST_WAITING);
  const { provider, flags } = rampart;

  // Unleash takes an address with a slash at its end as well.
  for (const path of ['/api/frontend', '/api/frontend/']) {
    const hide = path.endsWith('/');
    app.get(path, { ...GET_TOGGLES, schema: { ...GET_TOGGLES.schema, hide } }, (request, reply) =>
      read(request, reply, contextOfQuery(request.query as Record<string, unknown>, addressOf(request.ip))),
    );
    app.post(path, { ...POST_TOGGLES, schema: { ...POST_TOGGLES.schema, hide } }, (request, reply) =>
      read(request, reply, contextOfBody(request.body, addressOf(request.ip))),
    );
  }
  app.post('/api/frontend/client/metrics', METRICS, (request, reply) => {
    addUsage(flags, request.principal, request.body);
    return reply.code(202).send();
  });
  app.post('/api/frontend/client/register', REGISTER, (_request, reply) => reply.code(202).send());

  function read(request: FastifyRequest, reply: FastifyReply, stated: Record<string, unknown>) {
    const context = contexts.read(request.principal, stated, addressOf(request.ip));
    const { flagConfigEtag } = request.query as { readonly flagConfigEtag?: unknown };
    const told = Freshness.read(flagConfigEtag);
    const question = { request, reply, context, told };
    const newer = told && freshness.reach(told);
    if (newer === undefined) return evaluate(question);
    // All who waited go on at one time.
    return newer.then(() => {
      if (pacer.full) throw new Refusal(503, 'busy', 'too much is asked at once', { retryAfter: 1 });
      return pacer.run(() => evaluate(question));
    });
  }

  function evaluate(question: Question) {
    const asked = provider.engine.readInputs(question.context.ai);
    if (asked instanceof Promise) return asked.then((inputs) => answer(question, inputs));
    return answer(question, asked);
  }

  function answer(question: Question, asked: Inputs): FastifyReply {
    const { request, reply, told } = question;
    const { plain } = question.context;
    if (provider.engine.freshness === 'none')
      throw new Refusal(503, 'not_ready', 'there are no flags yet', { retryAfter: 1 });
    const { principal, headers } = request;
    const snapshot = flags.snapshot();
    const now = Date.now();
    const inputs = freshness.notBefore(told, asked);
    const isGiven = (flag: string): boolean => isVisible(principal, snapshot, flag);
    const digest = freshness.digest(question, inputs, snapshot, now);
    reply.header('cache-control', 'no-cache');
    if (digest !== undefined) {
      const standing = findTag(headers['if-none-match'], digest);
      const stands = standing !== undefined && now >= standing.issuedAt && now - standing.issuedAt < LONGEST_STANDING;
      reply.header('etag', writeTag(stands ? standing : { digest, stream: undefined, issuedAt: now }));
      if (stands) {
        if (exposures?.isDue(digest))
          exposures.noteList({ digest, answers: provider.engine.evaluateAll(inputs, plain), isGiven });
        return reply.code(304).send();
      }
    }
    const answers = provider.engine.evaluateAll(inputs, plain);
    exposures?.noteList({ digest, answers, isGiven });
    const text = toggles.write(principal, snapshot, answers);
    return reply.header('content-type', JSON_TYPE).send(text);
  }
}
