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
export function planStrategy(definition: StrategyDefinition, installed: InstalledStrategy | undefined): StrategyAction {
  const { name, parameters } = definition;
  const shared = { kind: 'strategy', name, definition, reactivate: installed?.deprecated ?? false } as const;
  if (installed === undefined)
    return { ...shared, action: 'create', changes: [`new, with ${parameters.length} parameters`] };
  const changes = [
    ...(installed.deprecated ? ['is deprecated: reactivate'] : []),
    ...changedText('description', installed.description, definition.description),
    ...changedParameters(installed.parameters, parameters),
  ];
  return { ...shared, action: changes.length > 0 ? 'update' : 'unchanged', changes };
}

function changedParameters(
  installed: readonly ParameterDefinition[],
  expected: readonly ParameterDefinition[],
): readonly string[] {
  const names = (list: readonly ParameterDefinition[]): readonly string[] => list.map(({ name }) => name);
  const before = new Map(installed.map((parameter) => [parameter.name, parameter]));
  const kept = expected.filter(({ name }) => before.has(name));
  const lines = [
    ...installed.filter(({ name }) => !names(expected).includes(name)).map(({ name }) => `- parameter ${name}`),
    ...expected.flatMap((parameter) => changedParameter(before.get(parameter.name), parameter)),
  ];
  const order = names(installed).filter((name) => names(kept).includes(name));
  return order.join() === names(kept).join() ? lines : [...lines, '~ order of the parameters'];
}

function changedParameter(
  installed: ParameterDefinition | undefined,
  expected: ParameterDefinition,
): readonly string[] {
  if (installed === undefined)
    return [`+ parameter ${expected.name} (${expected.type}${expected.required ? ', required' : ''})`];
  const of = (field: string): string => `${field} of ${expected.name}`;
  return [
    ...changedText(of('type'), installed.type, expected.type),
    ...changedText(of('required'), String(installed.required), String(expected.required)),
    ...changedText(of('description'), installed.description, expected.description),
  ];
}

/** Compares a context field with what the server has under its name; what operators added stays. */
export function planContextField(expected: ContextField, installed: ContextField | undefined): ContextFieldAction {
  const shared = { kind: 'context field', name: expected.name } as const;
  if (installed === undefined) {
    return { ...shared, action: 'create', changes: [`new${describeField(expected)}`], field: expected };
  }
  const field = merge(expected, installed);
  const added = field.legalValues.slice(installed.legalValues.length).map(({ value }) => `+ legal value ${value}`);
  const changes = [
    ...changedText('description', installed.description, field.description),
    ...changedText('stickiness', String(installed.stickiness), String(field.stickiness)),
    ...added,
  ];
  return { ...shared, action: changes.length > 0 ? 'update' : 'unchanged', changes, field };
}

/** A field without legal values takes any; giving it some would forbid constraints that operators may have. */
function merge(expected: ContextField, installed: ContextField): ContextField {
  const values = new Set(installed.legalValues.map(({ value }) => value));
  const missing = values.size === 0 ? [] : expected.legalValues.filter(({ value }) => !values.has(value));
  const isReplaceable = installed.description === '' || installed.description.startsWith(DESCRIPTION_MARKER);
  return {
    name: installed.name,
    description: isReplaceable ? expected.description : installed.description,
    stickiness: installed.stickiness || expected.stickiness,
    legalValues: [...installed.legalValues, ...missing],
  };
}

function describeField({ stickiness, legalValues }: ContextField): string {
  const values = legalValues.length === 0 ? '' : `, legal values ${legalValues.map(({ value }) => value).join(', ')}`;
  return `${stickiness ? ', with stickiness' : ''}${values}`;
}

function changedText(what: string, installed: string, expected: string): readonly string[] {
  return installed === expected ? [] : [`~ ${what}: ${quote(installed)} → ${quote(expected)}`];
}

const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
