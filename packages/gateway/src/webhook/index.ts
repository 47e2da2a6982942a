import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import { FlagRefresh } from './flag-refresh.js';

/** What gateways tell each other. */
const TOPIC = 'flags';

/** Lets Unleash say that a flag was edited: every gateway of the environment fetches then, and not at its next poll. */
export function serveWebhook(app: App, { configuration, control, rampart }: Gateway): void {
  const refresh = new FlagRefresh({ refresh: async () => rampart.flags.refresh?.() });
  const stopListening = control?.hints?.listen(TOPIC, () => refresh.hint());
  app.addHook('preClose', (done) => {
    stopListening?.();
    refresh.stop();
    done();
  });
  const authorize = checkerOf(configuration.webhookSecret);
  // What Unleash sends is a template of the operator's: anything at all, and none of it is read.
  app.register((scope: unknown, _options: unknown, done: () => void) => {
    const inner = scope as App;
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, parsed) => parsed(null, undefined));
    inner.post(
      '/v1/unleash/webhook',
      {
        config: { callers: 'anyone' },
        onRequest: authorize,
        schema: {
          operationId: 'flagsChanged',
          tags: ['webhook'],
          summary: "For Unleash's webhook integration: fetch the flags now",
          description:
            'Authorization holds the webhookSecret of the configuration. The body may be anything; it is not read. Every ' +
            'gateway of the environment fetches, where they share a Redis.',
          response: { 202: z.object({ accepted: z.literal(true) }) },
        },
      },
      async (_request, reply) => {
        // This process hears the hint too, where there are hints; fetching doesn't wait for them.
        refresh.hint();
        control?.hints?.send(TOPIC);
        return reply.code(202).send({ accepted: true });
      },
    );
    done();
  });
}

/** Before the body is read. */
function checkerOf(secret: string | undefined) {
  const wanted = secret === undefined ? undefined : digest(secret);
  return ({ headers }: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void => {
    if (wanted === undefined) {
      done(new Refusal(403, 'forbidden', 'set webhookSecret in the configuration to let Unleash call this'));
      return;
    }
    const given = (headers.authorization ?? '').replace(/^Bearer /i, '');
    const isRight = timingSafeEqual(digest(given), wanted);
    done(isRight ? undefined : new Refusal(401, 'unauthorized', 'these credentials are not known'));
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
