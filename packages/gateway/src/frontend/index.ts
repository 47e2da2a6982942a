import type { Inputs } from '@rampart/sdk';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ContextReader, type ReadContext } from '../context/read-context.js';
import { Digests } from '../decisions/digests.js';
import { FeedbackTickets } from '../decisions/feedback-ticket.js';
import type { App, Gateway } from '../gateway.js';
import { findTag, writeTag } from '../ofrep/entity-tag.js';
import { Freshness } from '../ofrep/freshness.js';
import { isVisible } from '../ofrep/visible.js';
import { Refusal } from '../service/refusal.js';
import { contextOfBody, contextOfQuery } from './context.js';
import { GET_TOGGLES, METRICS, POST_TOGGLES, REGISTER } from './schema.js';
import { ToggleWriter } from './toggles.js';
import { addUsage } from './usage.js';

/** How long an answer may be said to stand, in ms: the tickets in it end. */
const LONGEST_STANDING = 12 * 60 * 60 * 1_000;
const JSON_TYPE = 'application/json; charset=utf-8';

/** Unleash's Frontend API, for the clients that pages have already. */
export function serveFrontend(app: App, { rampart, configuration, exposures }: Gateway): void {
  const contexts = new ContextReader(configuration);
  const digests = new Digests(configuration);
  const toggles = new ToggleWriter(new FeedbackTickets(configuration.secret));
  const freshness = new Freshness(rampart, digests);
  const { provider, flags } = rampart;

  // Unleash takes an address with a slash at its end as well.
  for (const path of ['/api/frontend', '/api/frontend/']) {
    const hide = path.endsWith('/');
    app.get(path, { ...GET_TOGGLES, schema: { ...GET_TOGGLES.schema, hide } }, (request, reply) =>
      read(request, reply, contextOfQuery(request.query as Record<string, unknown>, request.ip)),
    );
    app.post(path, { ...POST_TOGGLES, schema: { ...POST_TOGGLES.schema, hide } }, (request, reply) =>
      read(request, reply, contextOfBody(request.body, request.ip)),
    );
  }
  app.post('/api/frontend/client/metrics', METRICS, (request, reply) => {
    addUsage(flags, request.principal, request.body);
    return reply.code(202).send();
  });
  app.post('/api/frontend/client/register', REGISTER, (_request, reply) => reply.code(202).send());

  function read(request: FastifyRequest, reply: FastifyReply, stated: Record<string, unknown>) {
    const context = contexts.read(request.principal, stated, request.ip);
    const { flagConfigEtag: told } = request.query as { readonly flagConfigEtag?: unknown };
    const newer = typeof told === 'string' && Freshness.isValidator(told) ? freshness.reach(told) : undefined;
    if (newer === undefined) return evaluate(request, reply, context);
    return newer.then(() => evaluate(request, reply, context));
  }

  function evaluate(request: FastifyRequest, reply: FastifyReply, context: ReadContext) {
    const asked = provider.inputs(context.ai);
    if (asked instanceof Promise) return asked.then((inputs) => answer(request, reply, context, inputs));
    return answer(request, reply, context, asked);
  }

  function answer(request: FastifyRequest, reply: FastifyReply, { plain }: ReadContext, inputs: Inputs): FastifyReply {
    if (provider.freshness === 'none') throw new Refusal(503, 'not_ready', 'there are no flags yet', { retryAfter: 1 });
    const { principal, headers } = request;
    const snapshot = flags.snapshot();
    const now = Date.now();
    const digest = digests.answer(principal, inputs, plain, snapshot, provider.freshness === 'stale', now);
    reply.header('cache-control', 'no-cache');
    if (digest !== undefined) {
      const standing = findTag(headers['if-none-match'], digest);
      const stands = standing !== undefined && now >= standing.issuedAt && now - standing.issuedAt < LONGEST_STANDING;
      reply.header('etag', writeTag(stands ? standing : { digest, stream: undefined, issuedAt: now }));
      if (stands) return reply.code(304).send();
    }
    const answers = provider.answerAll(inputs, plain);
    exposures?.noteList(answers, (flag) => isVisible(principal, snapshot, flag));
    const text = toggles.write(principal, snapshot, answers);
    return reply.header('content-type', JSON_TYPE).send(text);
  }
}
