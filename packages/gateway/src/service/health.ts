import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';

/** Whether the process lives, and whether it can answer. */
export function serveHealth(app: App, { rampart, control }: Gateway): void {
  app.get(
    '/healthz',
    { config: { callers: 'anyone' }, schema: { response: { 200: z.object({ status: z.literal('alive') }) } } },
    () => ({
      status: 'alive' as const,
    }),
  );
  app.get('/readyz', { config: { callers: 'anyone' } }, (_request, reply) => {
    const flags = rampart.flags.origin() !== 'none';
    const consent = control === undefined || control.status().provable;
    return reply.code(flags && consent ? 200 : 503).send({ flags, consent });
  });
}
