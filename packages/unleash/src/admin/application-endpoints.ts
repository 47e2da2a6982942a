import type { AdminRequest } from './admin-request.js';
import { applicationsSchema, flagUsageSchema } from './admin-schemas.js';
import type { Application } from './admin-types.js';

/** How many applications one request reads: the most that Unleash allows. */
const PAGE_SIZE = 1_000;

/** The applications (services) that Unleash knows from their SDKs. */
export interface ApplicationEndpoints {
  readonly applications: {
    /** Every application that registered or sent usage metrics. Those with metrics disabled do neither. */
    list(): Promise<readonly Application[]>;
    /** The names of the applications that sent usage of a flag in the last 24 hours. */
    namesUsing(flag: string): Promise<readonly string[]>;
  };
}

/** Joins the applications' endpoints to a request function. */
export function applicationEndpoints(request: AdminRequest): ApplicationEndpoints {
  const page = (offset: number) =>
    request({
      operation: 'list the applications',
      path: ['metrics', 'applications'],
      query: { limit: PAGE_SIZE, offset },
      schema: applicationsSchema,
    });
  return {
    applications: {
      async list() {
        const byName = new Map<string, Application>();
        for (let offset = 0; ; offset += PAGE_SIZE) {
          const { applications, total } = await page(offset);
          for (const application of applications) byName.set(application.name, application);
          if (applications.length === 0 || offset + PAGE_SIZE >= total) return [...byName.values()];
        }
      },
      namesUsing: (flag) =>
        request({
          operation: `read the usage of flag "${flag}"`,
          path: ['client-metrics', 'features', flag],
          schema: flagUsageSchema,
        }),
    },
  };
}
