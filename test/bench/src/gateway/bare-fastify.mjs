import { fastify } from 'fastify';

/** A route that reads the same request and sends the same answer, and does nothing. */
export async function start({ path, answer }) {
  const app = fastify({ logger: false });
  app.post(path, (request, reply) => {
    if (request.body?.context?.targetingKey === undefined) return reply.code(400).send();
    return reply.type('application/json; charset=utf-8').send(answer);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server.address().port;
}
