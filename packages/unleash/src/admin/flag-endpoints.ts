import { isAdminApiError } from './admin-api-error.js';
import type { AdminRequest } from './admin-request.js';
import { flagSchema, flagVariantsSchema, listedFlagsSchema, ruleSchema } from './admin-schemas.js';
import type { AdminFlag, FlagDependency, ListedFlag, NewRule, Rule, RuleVariant } from './admin-types.js';

/** Names a flag; `project` is the client's unless given. */
export interface FlagReference {
  readonly flag: string;
  readonly project?: string;
}

/** Names a flag in an environment. */
export interface FlagEnvironmentReference extends FlagReference {
  readonly environment: string;
}

/** Names one rule of a flag. */
export interface RuleReference extends FlagEnvironmentReference {
  readonly id: string;
}

/** A flag to be made. */
export interface NewFlag extends FlagReference {
  readonly type: string;
  readonly description?: string;
  readonly impressionData?: boolean;
}

/** What belongs to one flag. */
export interface FlagEndpoints {
  readonly flags: {
    /** A project's flags without the archived ones. An unknown project has none. */
    list(project?: string): Promise<readonly ListedFlag[]>;
    get(reference: FlagReference): Promise<AdminFlag>;
    /** As `get`, but undefined where the project has no such flag (or only an archived one). */
    find(reference: FlagReference): Promise<AdminFlag | undefined>;
    /** The older kind of variants, on the flag rather than on its rules. */
    variants(reference: FlagEnvironmentReference): Promise<readonly RuleVariant[]>;
    /** Rejects for a name that Unleash, or the project's naming pattern, forbids, or that is taken, also by an archived flag. */
    checkName(reference: FlagReference): Promise<void>;
    create(flag: NewFlag): Promise<void>;
    archive(reference: FlagReference): Promise<void>;
    /** Deletes an archived flag for good, which frees its name. */
    deleteArchived(name: string): Promise<void>;
    /** Unleash adds an open default rule where the environment has none, or only disabled ones. */
    switchOn(reference: FlagEnvironmentReference): Promise<void>;
    switchOff(reference: FlagEnvironmentReference): Promise<void>;
  };
  /** Rules are what Unleash calls feature strategies; they carry constraints, segments and variants. */
  readonly rules: {
    list(reference: FlagEnvironmentReference): Promise<readonly Rule[]>;
    add(reference: FlagEnvironmentReference, rule: NewRule): Promise<Rule>;
    /**
     * Changes the given fields and keeps the rest; `parameters` are replaced as a whole. (Unleash by itself clears constraints and
     * variants that a request leaves out, which would open the flag to everyone that a constraint excluded.)
     */
    update(reference: RuleReference, change: Partial<NewRule>): Promise<Rule>;
    remove(reference: RuleReference): Promise<void>;
    /** Puts the rules into the order of these ids. */
    sort(reference: FlagEnvironmentReference, ids: readonly string[]): Promise<void>;
  };
  readonly dependencies: {
    parents(reference: FlagReference): Promise<readonly FlagDependency[]>;
    children(reference: FlagReference): Promise<readonly string[]>;
    /** Unleash silently REPLACES a present parent: use `addParent`, which looks first. */
    add(reference: FlagReference, parent: Partial<FlagDependency> & Pick<FlagDependency, 'feature'>): Promise<void>;
    remove(reference: FlagReference, parent: string): Promise<void>;
  };
}

/** Joins the flags' endpoints to a request function. */
export function flagEndpoints(request: AdminRequest, defaultProject: string): FlagEndpoints {
  const path = ({ flag, project = defaultProject }: FlagReference, ...rest: readonly string[]): readonly string[] => [
    'projects',
    project,
    'features',
    flag,
    ...rest,
  ];
  const flags = flagsOf(request, path, defaultProject);
  return { flags, rules: rulesOf(request, path), dependencies: dependenciesOf(request, path, flags) };
}

type Path = (reference: FlagReference, ...rest: readonly string[]) => readonly string[];

function flagsOf(request: AdminRequest, path: Path, defaultProject: string): FlagEndpoints['flags'] {
  const get = (to: FlagReference): Promise<AdminFlag> =>
    request({ operation: `read flag "${to.flag}"`, path: path(to), schema: flagSchema });
  const toggle = (to: FlagEnvironmentReference, state: 'on' | 'off'): Promise<void> => {
    const operation = `switch ${state} flag "${to.flag}" in ${to.environment}`;
    return request({ operation, method: 'POST', path: path(to, 'environments', to.environment, state) });
  };
  return {
    list: (project = defaultProject) =>
      request({
        operation: `list the flags of project "${project}"`,
        path: ['projects', project, 'features'],
        schema: listedFlagsSchema,
      }),
    get,
    find: (to) => get(to).catch(undefinedWhereMissing),
    variants: (to) => {
      const operation = `read the variants of flag "${to.flag}" in ${to.environment}`;
      return request({
        operation,
        path: path(to, 'environments', to.environment, 'variants'),
        schema: flagVariantsSchema,
      });
    },
    checkName: ({ flag, project: projectId = defaultProject }) => {
      const body = { name: flag, projectId };
      return request({ operation: `use "${flag}" as a name`, method: 'POST', path: ['features', 'validate'], body });
    },
    create: ({ flag, project = defaultProject, ...rest }) => {
      const body = { name: flag, ...rest };
      return request({
        operation: `create flag "${flag}"`,
        method: 'POST',
        path: ['projects', project, 'features'],
        body,
      });
    },
    archive: (to) => request({ operation: `archive flag "${to.flag}"`, method: 'DELETE', path: path(to) }),
    deleteArchived: (name) =>
      request({ operation: `delete the archived flag "${name}"`, method: 'DELETE', path: ['archive', name] }),
    switchOn: (to) => toggle(to, 'on'),
    switchOff: (to) => toggle(to, 'off'),
  };
}

function undefinedWhereMissing(error: unknown): undefined {
  if (isAdminApiError(error) && error.kind === 'not_found') return undefined;
  throw error;
}

function rulesOf(request: AdminRequest, path: Path): FlagEndpoints['rules'] {
  const rules = (to: FlagEnvironmentReference, ...rest: readonly string[]): readonly string[] =>
    path(to, 'environments', to.environment, 'strategies', ...rest);
  const of = (to: FlagEnvironmentReference): string => `flag "${to.flag}" in ${to.environment}`;
  return {
    list: (to) => request({ operation: `list the rules of ${of(to)}`, path: rules(to), schema: ruleSchema.array() }),
    add: (to, body) => {
      const operation = `add an ${body.name} rule to ${of(to)}`;
      return request({ operation, method: 'POST', path: rules(to), body, schema: ruleSchema });
    },
    update: async (to, change) => {
      const operation = `update rule ${to.id} of ${of(to)}`;
      const { id: _, ...present } = await request({ operation, path: rules(to, to.id), schema: ruleSchema });
      return request({
        operation,
        method: 'PUT',
        path: rules(to, to.id),
        body: { ...present, ...change },
        schema: ruleSchema,
      });
    },
    remove: (to) =>
      request({ operation: `remove rule ${to.id} of ${of(to)}`, method: 'DELETE', path: rules(to, to.id) }),
    sort: (to, ids) => {
      const body = ids.map((id, sortOrder) => ({ id, sortOrder }));
      return request({
        operation: `sort the rules of ${of(to)}`,
        method: 'POST',
        path: rules(to, 'set-sort-order'),
        body,
      });
    },
  };
}

function dependenciesOf(
  request: AdminRequest,
  path: Path,
  flags: FlagEndpoints['flags'],
): FlagEndpoints['dependencies'] {
  return {
    parents: async (to) => (await flags.get(to)).dependencies,
    children: async (to) => (await flags.get(to)).children,
    add: (to, body) => {
      const operation = `make "${body.feature}" the parent of flag "${to.flag}"`;
      return request({ operation, method: 'POST', path: path(to, 'dependencies'), body });
    },
    remove: (to, parent) => {
      const operation = `remove the parent "${parent}" of flag "${to.flag}"`;
      return request({ operation, method: 'DELETE', path: path(to, 'dependencies', parent) });
    },
  };
}
