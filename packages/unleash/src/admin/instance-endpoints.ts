import type { StrategyDefinition } from '@rampart/core';
import type { AdminRequest } from './admin-request.js';
import {
  contextFieldsSchema,
  environmentsSchema,
  eventsSchema,
  instanceSchema,
  projectSchema,
  projectsSchema,
  segmentsSchema,
  strategiesSchema,
} from './admin-schemas.js';
import type { AdminEvent, ContextField, InstalledStrategy, InstanceInfo, Segment } from './admin-types.js';

/** A page of the event log. */
export interface EventQuery {
  readonly project?: string;
  /** The flag that events are about. */
  readonly feature?: string;
  /** Only events with these numbers, as many as fit into an address: 500 are safe. */
  readonly ids?: readonly number[];
  /** 1 to 1000. */
  readonly limit?: number;
  readonly offset?: number;
}

/** What belongs to the whole instance rather than to one flag. */
export interface InstanceEndpoints {
  readonly instance: { info(): Promise<InstanceInfo> };
  readonly strategies: {
    list(): Promise<readonly InstalledStrategy[]>;
    create(definition: StrategyDefinition): Promise<void>;
    /** Replaces description and parameters. */
    update(definition: StrategyDefinition): Promise<void>;
    /** Offers a deprecated strategy in the UI again. */
    reactivate(name: string): Promise<void>;
  };
  readonly contextFields: {
    list(): Promise<readonly ContextField[]>;
    create(field: ContextField): Promise<void>;
    /** Replaces the whole field, legal values too. */
    update(field: ContextField): Promise<void>;
  };
  readonly segments: { list(): Promise<readonly Segment[]> };
  readonly environments: {
    /** The names of those that are enabled. */
    list(): Promise<readonly string[]>;
  };
  readonly projects: {
    /** The ids. */
    list(): Promise<readonly string[]>;
    /** The names of the environments that a project uses. Rejects for a project that doesn't exist. */
    environments(project?: string): Promise<readonly string[]>;
  };
  readonly events: {
    /** Newest first. */
    list(query?: EventQuery): Promise<readonly AdminEvent[]>;
  };
}

/** Joins the instance's endpoints to a request function. */
export function instanceEndpoints(request: AdminRequest, defaultProject: string): InstanceEndpoints {
  return {
    instance: {
      info: () => request({ operation: "read Unleash's version", path: ['ui-config'], schema: instanceSchema }),
    },
    strategies: strategyEndpoints(request),
    contextFields: contextFieldEndpoints(request),
    segments: { list: () => request({ operation: 'list the segments', path: ['segments'], schema: segmentsSchema }) },
    environments: {
      list: () => request({ operation: 'list the environments', path: ['environments'], schema: environmentsSchema }),
    },
    projects: {
      list: () => request({ operation: 'list the projects', path: ['projects'], schema: projectsSchema }),
      environments: (project = defaultProject) =>
        request({
          operation: `read project "${project}"`,
          path: ['projects', project, 'overview'],
          schema: projectSchema,
        }),
    },
    events: {
      list: (query = {}) => {
        const { project, feature, ids, limit, offset } = query;
        const id = ids === undefined ? undefined : `IS_ANY_OF:${ids.join(',')}`;
        const filters = { project: is(project), feature: is(feature), id, limit, offset };
        return request({
          operation: 'read the event log',
          path: ['search', 'events'],
          query: filters,
          schema: eventsSchema,
        });
      },
    },
  };
}

const is = (value: string | undefined): string | undefined => (value === undefined ? undefined : `IS:${value}`);

function strategyEndpoints(request: AdminRequest): InstanceEndpoints['strategies'] {
  return {
    list: () => request({ operation: 'list the strategies', path: ['strategies'], schema: strategiesSchema }),
    create: (body) =>
      request({ operation: `create strategy "${body.name}"`, method: 'POST', path: ['strategies'], body }),
    update: (body) =>
      request({ operation: `update strategy "${body.name}"`, method: 'PUT', path: ['strategies', body.name], body }),
    reactivate: (name) =>
      request({ operation: `reactivate strategy "${name}"`, method: 'POST', path: ['strategies', name, 'reactivate'] }),
  };
}

function contextFieldEndpoints(request: AdminRequest): InstanceEndpoints['contextFields'] {
  return {
    list: () => request({ operation: 'list the context fields', path: ['context'], schema: contextFieldsSchema }),
    create: (body) =>
      request({ operation: `create context field "${body.name}"`, method: 'POST', path: ['context'], body }),
    update: (body) =>
      request({ operation: `update context field "${body.name}"`, method: 'PUT', path: ['context', body.name], body }),
  };
}
