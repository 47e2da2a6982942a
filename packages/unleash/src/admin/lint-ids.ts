import { type Flag, type FlagDefinition, type Problem, problem } from '@rampart/core';

/** An id as an operator wrote it, and where. */
interface WrittenId {
  readonly flag: string;
  readonly field: string;
  readonly id: string;
}

/** A flag as the platform holds it, and as it was compiled. */
export interface CompiledFlag {
  readonly definition: FlagDefinition;
  readonly flag: Flag;
}

/** Tenant ids, and user ids, that differ in case alone: ids compare exactly, so one of the two matches no subject. */
export function idsOfTwoCases(compiled: readonly CompiledFlag[]): Problem[] {
  const tenants = compiled.flatMap(({ definition, flag }) => [...listed(flag), ...constrained(definition, TENANT)]);
  const users = compiled.flatMap(({ definition }) => constrained(definition, USER));
  return [...twoCases(tenants), ...twoCases(users)];
}

const TENANT: ReadonlySet<unknown> = new Set(['tenantId']);
const USER: ReadonlySet<unknown> = new Set(['userId', 'targetingKey']);

function twoCases(written: readonly WrittenId[]): Problem[] {
  const first = new Map<string, WrittenId>();
  const problems = new Map<string, Problem>();
  for (const { flag, field, id } of written) {
    const other = first.get(id.toLowerCase());
    if (other === undefined) first.set(id.toLowerCase(), { flag, field, id });
    else if (other.id !== id && !problems.has(id)) {
      const fix = `${JSON.stringify(other.id)} in ${other.field} of ${other.flag} differs in case alone, and ids compare exactly: use one spelling`;
      problems.set(id, problem(flag, field, id, fix));
    }
  }
  return [...problems.values()];
}

function listed(flag: Flag): WrittenId[] {
  const all = (field: string, ids: Iterable<string>) => [...ids].map((id) => ({ flag: flag.name, field, id }));
  if (flag.kind === 'feature') {
    const { forceOn = [], forceOff = [] } = flag.access ?? {};
    return [...all('aiAccess.forceOn', forceOn), ...all('aiAccess.forceOff', forceOff)];
  }
  if (flag.kind !== 'change') return [];
  return flag.rules.flatMap(({ policy: { tenants, forceOn, forceOff } }) => [
    ...all('aiStage.tenants', tenants),
    ...all('aiStage.forceOn', forceOn),
    ...all('aiStage.forceOff', forceOff),
  ]);
}

function constrained({ name, strategies = [] }: FlagDefinition, fields: ReadonlySet<unknown>): WrittenId[] {
  const constraints = strategies.flatMap((rule) => [
    ...(rule.constraints ?? []),
    ...(rule.segments ?? []).flatMap((segment) => segment?.constraints ?? []),
  ]);
  return constraints.flatMap((constraint) => {
    const { contextName, values } = (constraint ?? {}) as { readonly contextName?: unknown; readonly values?: unknown };
    if (!fields.has(contextName) || !Array.isArray(values)) return [];
    const ids = values.filter((value): value is string => typeof value === 'string');
    return ids.map((id) => ({ flag: name, field: `a constraint on ${String(contextName)}`, id }));
  });
}
