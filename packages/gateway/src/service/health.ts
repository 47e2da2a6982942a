import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';

const readiness = z.object({
  ready: z.boolean(),
  flags: z.boolean().describe('Flags were loaded; they may be old.'),
  consent: z
    .boolean()
    .describe('Consent can be proven. While it is not, AI features are closed and plain flags are served.'),
  draining: z.boolean().describe('The gateway is stopping: send new requests elsewhere.'),
});

/** Whether the process lives, and whether it can answer. */
export function serveHealth(app: App, { rampart, control, stopping }: Gateway): void {
  app.get(
    '/healthz',
    {
      config: { callers: 'anyone', isUnlimited: true },
      schema: {
        tags: ['service'],
        summary: 'Whether the process lives',
        response: { 200: z.object({ status: z.literal('alive') }) },
      },
    },
    () => ({ status: 'alive' as const }),
  );
  app.get(
    '/readyz',
    {
      config: { callers: 'anyone', isUnlimited: true },
      schema: {
        tags: ['service'],
        summary: 'Whether the gateway can answer',
        response: { 200: readiness, 503: readiness },
      },
    },
    (_request, reply) => {
      const flags = rampart.flags.origin() !== 'none';
      const consent = control === undefined || control.status().provable;
      const ready = flags && consent && !stopping.isAnnounced;
      reply.code(ready ? 200 : 503);
      return { ready, flags, consent, draining: stopping.isAnnounced };
    },
  );
}
