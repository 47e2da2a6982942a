import { baseUrl, type ConnectionOptions, createRequest } from './admin-request.js';
import { type ApplicationEndpoints, applicationEndpoints } from './application-endpoints.js';
import { type FlagEndpoints, flagEndpoints } from './flag-endpoints.js';
import { type InstanceEndpoints, instanceEndpoints } from './instance-endpoints.js';

/** Where Unleash is, who asks, and which project is meant. */
export interface AdminClientOptions extends ConnectionOptions {
  /**
   * The project that operations mean when they name none.
   * @default 'default'
   */
  readonly project?: string;
  /**
   * The environment that operations mean when they name none.
   * @default none: such operations take every environment of the project, or say that they need one
   */
  readonly environment?: string;
}

/**
 * Unleash's admin API, as far as Rampart uses it. Every method rejects with an `AdminApiError` whose message names what was
 * asked and the fix.
 */
export interface AdminClient extends FlagEndpoints, InstanceEndpoints, ApplicationEndpoints {
  /** The address of Unleash, without `/api`. */
  readonly url: string;
  readonly project: string;
  readonly environment: string | undefined;
}

/** Makes a client; sends nothing yet. Throws an `AdminApiError` for a URL or token that can't be used. */
export function createAdminClient(options: AdminClientOptions): AdminClient {
  const request = createRequest(options);
  const project = options.project ?? 'default';
  return {
    url: baseUrl(options.url),
    project,
    environment: options.environment,
    ...instanceEndpoints(request, project),
    ...flagEndpoints(request, project),
    ...applicationEndpoints(request),
  };
}
