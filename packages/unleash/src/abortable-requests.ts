import type { Agent, ClientRequest } from 'node:http';
import type { UnleashConfig } from 'unleash-client';
import { getDefaultAgent } from 'unleash-client/lib/request.js';

type HttpOptions = NonNullable<UnleashConfig['httpOptions']>;

/** Requests of one Unleash instance that can be ended together. */
export interface AbortableRequests {
  /** For the configuration of the instance. */
  readonly httpOptions: HttpOptions;
  /** Ends the requests under way and refuses later ones, retries included. */
  readonly abort: () => void;
}

/**
 * Keeps track of the requests of an instance. unleash-client takes no abort signal, and retries for 30 s and more what a
 * silent server doesn't answer: its agents are wrapped instead, and add each request to a list.
 */
export function abortableRequests(httpOptions: HttpOptions = {}): AbortableRequests {
  const requests = new Set<ClientRequest>();
  let isAborted = false;
  const agentFor = (url: URL): Agent => {
    const { agent = getDefaultAgent } = httpOptions;
    return typeof agent === 'function' ? agent(url) : agent;
  };
  const add = (request: ClientRequest): void => {
    requests.add(request);
    request.once('close', () => requests.delete(request));
  };
  return {
    httpOptions: {
      ...httpOptions,
      agent(url) {
        if (isAborted) throw abortError();
        return observed(agentFor(url) as ObservedAgent, add);
      },
    },
    abort() {
      isAborted = true;
      for (const request of requests) request.destroy(abortError());
    },
  };
}

/** What Node calls on an agent for each request; its types leave it out. */
type ObservedAgent = Agent & { addRequest(request: ClientRequest, ...options: unknown[]): void };

function observed(agent: ObservedAgent, add: (request: ClientRequest) => void): Agent {
  const addRequest: ObservedAgent['addRequest'] = (request, ...options) => {
    add(request);
    agent.addRequest(request, ...options);
  };
  return Object.create(agent, { addRequest: { value: addRequest } }) as Agent;
}

// make-fetch-happen retries every failure but a timeout of this code and type.
function abortError(): Error {
  return Object.assign(new Error('the Unleash client was closed'), { code: 'ETIMEDOUT', type: 'request-timeout' });
}
