import { readdirSync, readFileSync } from 'node:fs';
import type { Attributes, ControlChange, FlagDefinition, RuleDefinition } from '@rampart/core';
import { type FlagDelta, type Row, type RuleDelta, tableSchema } from './row.js';

export type { Expectation, Row } from './row.js';

/** A row with its base filled in: what every door is given. */
export interface Scenario {
  /** As Unleash's client API sends them; rules name segments by id. */
  readonly definitions: readonly FlagDefinition[];
  /** The definitions that the same process saw first. Undefined: these ones. */
  readonly earlier: readonly FlagDefinition[] | undefined;
  readonly segments: readonly { readonly id: number; readonly constraints: readonly unknown[] }[];
  readonly context: Attributes;
  readonly control: 'unknown' | readonly ControlChange[];
  readonly ask: string;
}

const FEATURE = 'ai.copilot';
const CHANGE = 'ai.copilot.v1';

/** Every parameter that a row doesn't say is as Unleash sends it unset, or as the smallest open flag needs it. */
const BASE_PARAMETERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  aiAccess: { featureClass: 'support_copilot', consent: '', minTier: '', exclude: '', forceOn: '', forceOff: '' },
  aiStage: {
    stage: 'ga',
    rollout: '100',
    groupId: CHANGE,
    tenants: '',
    tiers: '',
    regions: '',
    stickiness: '',
    mode: '',
  },
};

const BASE_CONTEXT = { targetingKey: 'user-1', tenantId: 'acme', tier: 'pro', region: 'eu', requestId: 'request-1' };

const BASE_CONTROL: readonly ControlChange[] = [
  { kind: 'consent', tenant: 'acme', featureClass: 'support_copilot', consent: { state: 'opt_in', version: 1 } },
];

/** All rows of one table. Throws where a row says something that the format doesn't know. */
export function readTable(file: string): readonly Row[] {
  const text = readFileSync(new URL(`../decisions/${file}`, import.meta.url), 'utf8');
  return tableSchema.parse(JSON.parse(text)).rows;
}

/** The names of all tables. */
export function tableFiles(): readonly string[] {
  return readdirSync(new URL('../decisions', import.meta.url))
    .filter((file) => file.endsWith('.json'))
    .sort();
}

/** Fills the base into a row. */
export function scenarioOf(row: Row): Scenario {
  const { flags = {} } = row;
  const control = row.control ?? BASE_CONTROL;
  return {
    definitions: definitionsOf(flags),
    earlier: row.earlier && definitionsOf(row.earlier),
    segments: flags.segments ?? [],
    context: over(BASE_CONTEXT, row.context ?? {}),
    control: control === 'unknown' ? control : [...control, ...(row.also ?? [])].map(tidy),
    ask: row.ask ?? flags.change?.name ?? CHANGE,
  };
}

function definitionsOf({
  feature = {},
  change = {},
  changes = {},
  others = {},
}: NonNullable<Row['flags']>): FlagDefinition[] {
  const parent = feature?.name ?? FEATURE;
  const definitions: FlagDefinition[] = [];
  if (feature !== null) definitions.push(define(parent, feature, 'aiAccess', undefined));
  if (change !== null) definitions.push(define(change.name ?? CHANGE, change, 'aiStage', parent));
  for (const [name, delta] of Object.entries(changes)) definitions.push(define(name, delta, 'aiStage', parent));
  for (const [name, delta] of Object.entries(others)) definitions.push(define(name, delta, undefined, undefined));
  return definitions;
}

function define(
  name: string,
  delta: FlagDelta,
  strategy: string | undefined,
  parent: string | undefined,
): FlagDefinition {
  const { strategy: _, parameters, constraints, segments, variants } = delta;
  const only: RuleDelta[] =
    strategy === undefined ? [] : [{ strategy: delta.strategy, parameters, constraints, segments, variants }];
  return {
    name,
    type: 'release',
    enabled: delta.enabled ?? true,
    stale: false,
    impressionData: false,
    strategies: (delta.rules ?? only).map((rule) => ruleOf(rule, strategy ?? 'default')),
    variants: delta.flagVariants ?? [],
    dependencies: delta.dependencies ?? (parent === undefined ? [] : [{ feature: parent, enabled: true }]),
  };
}

function ruleOf({ strategy, parameters, constraints, segments, variants }: RuleDelta, usual: string): RuleDefinition {
  const name = strategy ?? usual;
  return {
    name,
    parameters: over(BASE_PARAMETERS[name] ?? {}, parameters ?? {}),
    constraints: constraints ?? [],
    variants: variants ?? [],
    ...(segments && { segments: segments as never }),
  };
}

function over(base: Attributes, delta: Attributes): Attributes {
  const merged = Object.entries({ ...base, ...delta }).filter(([, value]) => value !== '$absent');
  return Object.fromEntries(
    merged.map(([name, value]) => [name, UNWRITABLE.has(value) ? UNWRITABLE.get(value) : value]),
  );
}

const UNWRITABLE: ReadonlyMap<unknown, number> = new Map([
  ['$NaN', Number.NaN],
  ['$Infinity', Number.POSITIVE_INFINITY],
  ['$-Infinity', Number.NEGATIVE_INFINITY],
]);

// JSON has no undefined: what zod adds as such is taken away again.
function tidy(change: unknown): ControlChange {
  return JSON.parse(JSON.stringify(change)) as ControlChange;
}
