import type { FastifyRequest } from 'fastify';
import type { App } from '../gateway.js';
import { Refusal } from './refusal.js';
import { writeRefusal } from './refusal-shapes.js';

/** Says 404 for what isn't there, and 405 with `Allow` for what is there under other methods. */
export function answerUnknownRoutes(app: App): void {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url === '*') return;
    const known = routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const name of [method].flat()) known.methods.add(name);
    routes.set(url, known);
  });
  const allowed = ({ url }: FastifyRequest): string[] => {
    const [path = ''] = url.split('?', 1);
    const found = [...routes.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))];
  };
  app.setNotFoundHandler((request, reply) => {
    const methods = allowed(request);
    if (methods.length === 0)
      return writeRefusal(new Refusal(404, 'not_found', 'nothing is served here'), request, reply);
    reply.header('allow', methods.toSorted().join(', '));
    const message = 'this path has other methods: the header Allow names them';
    return writeRefusal(new Refusal(405, 'method_not_allowed', message), request, reply);
  });
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('/').replace('\\*', '.*')}$`);
}
