import { AI_ACCESS, AI_STAGE, type ParameterDefinition, type StrategyDefinition } from '@rampart/core';
import type { ContextField, InstalledStrategy } from './admin-types.js';
import { DESCRIPTION_MARKER } from './context-fields.js';

/** What installing does to one strategy. */
export interface StrategyAction {
  readonly kind: 'strategy';
  readonly action: 'create' | 'update' | 'unchanged';
  readonly name: string;
  /** What would change, one readable line each. */
  readonly changes: readonly string[];
  readonly definition: StrategyDefinition;
  /** Whether the operators' UI hides it now. */
  readonly reactivate: boolean;
}

/** What installing does to one context field. */
export interface ContextFieldAction {
  readonly kind: 'context field';
  readonly action: 'create' | 'update' | 'unchanged';
  readonly name: string;
  /** What would change, one readable line each. */
  readonly changes: readonly string[];
  /** The field as it will be, with everything that operators added. */
  readonly field: ContextField;
}

/** One step of an installation, also where there is nothing to do. */
export type InstallAction = StrategyAction | ContextFieldAction;

/** The strategies that Rampart brings. */
export const STRATEGIES: readonly StrategyDefinition[] = [AI_ACCESS, AI_STAGE];

/** Compares a strategy with what the server has under its name. */
export function planStrategy(definition: StrategyDefinition, found: InstalledStrategy | undefined): StrategyAction {
  const { name, parameters } = definition;
  const shared = { kind: 'strategy', name, definition, reactivate: found?.deprecated ?? false } as const;
  if (found === undefined)
    return { ...shared, action: 'create', changes: [`new, with ${parameters.length} parameters`] };
  const changes = [
    ...(found.deprecated ? ['is deprecated: reactivate'] : []),
    ...changedText('description', found.description, definition.description),
    ...changedParameters(found.parameters, parameters),
  ];
  return { ...shared, action: changes.length > 0 ? 'update' : 'unchanged', changes };
}

function changedParameters(
  found: readonly ParameterDefinition[],
  wanted: readonly ParameterDefinition[],
): readonly string[] {
  const names = (list: readonly ParameterDefinition[]): readonly string[] => list.map(({ name }) => name);
  const before = new Map(found.map((parameter) => [parameter.name, parameter]));
  const kept = wanted.filter(({ name }) => before.has(name));
  const lines = [
    ...found.filter(({ name }) => !names(wanted).includes(name)).map(({ name }) => `- parameter ${name}`),
    ...wanted.flatMap((parameter) => changedParameter(before.get(parameter.name), parameter)),
  ];
  const order = names(found).filter((name) => names(kept).includes(name));
  return order.join() === names(kept).join() ? lines : [...lines, '~ order of the parameters'];
}

function changedParameter(found: ParameterDefinition | undefined, wanted: ParameterDefinition): readonly string[] {
  if (found === undefined) return [`+ parameter ${wanted.name} (${wanted.type}${wanted.required ? ', required' : ''})`];
  const of = (field: string): string => `${field} of ${wanted.name}`;
  return [
    ...changedText(of('type'), found.type, wanted.type),
    ...changedText(of('required'), String(found.required), String(wanted.required)),
    ...changedText(of('description'), found.description, wanted.description),
  ];
}

/** Compares a context field with what the server has under its name; what operators added stays. */
export function planContextField(wanted: ContextField, found: ContextField | undefined): ContextFieldAction {
  const shared = { kind: 'context field', name: wanted.name } as const;
  if (found === undefined) {
    return { ...shared, action: 'create', changes: [`new${describeField(wanted)}`], field: wanted };
  }
  const field = merge(wanted, found);
  const added = field.legalValues.slice(found.legalValues.length).map(({ value }) => `+ legal value ${value}`);
  const changes = [
    ...changedText('description', found.description, field.description),
    ...changedText('stickiness', String(found.stickiness), String(field.stickiness)),
    ...added,
  ];
  return { ...shared, action: changes.length > 0 ? 'update' : 'unchanged', changes, field };
}

/** A field without legal values takes any; giving it some would forbid constraints that operators may have. */
function merge(wanted: ContextField, found: ContextField): ContextField {
  const known = new Set(found.legalValues.map(({ value }) => value));
  const missing = known.size === 0 ? [] : wanted.legalValues.filter(({ value }) => !known.has(value));
  const ours = found.description === '' || found.description.startsWith(DESCRIPTION_MARKER);
  return {
    name: found.name,
    description: ours ? wanted.description : found.description,
    stickiness: found.stickiness || wanted.stickiness,
    legalValues: [...found.legalValues, ...missing],
  };
}

function describeField({ stickiness, legalValues }: ContextField): string {
  const values = legalValues.length === 0 ? '' : `, legal values ${legalValues.map(({ value }) => value).join(', ')}`;
  return `${stickiness ? ', with stickiness' : ''}${values}`;
}

function changedText(what: string, found: string, wanted: string): readonly string[] {
  return found === wanted ? [] : [`~ ${what}: ${quote(found)} → ${quote(wanted)}`];
}

const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
