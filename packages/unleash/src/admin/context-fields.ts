import { type ContextNames, DEFAULT_CONTEXT_NAMES, DEFAULT_TIERS } from '@rampart/core';
import type { ContextField } from './admin-types.js';

/** The facts that the Unleash UI offers in constraints and as stickiness. */
export type FieldFact = 'tenantId' | 'tier' | 'region' | 'cohorts' | 'labels' | 'aiOptOut' | 'complexity';

/** Names and legal values of the context fields. */
export interface ContextFieldOptions {
  /**
   * Context names that differ from the defaults, as in the provider's options.
   * @default the names of the facts
   */
  readonly contextNames?: Partial<ContextNames>;
  /**
   * The tier ladder, lowest first: the only values that constraints on the tier may name.
   * @default free, starter, pro, business, enterprise
   */
  readonly tiers?: readonly string[];
  /**
   * Every region there is, if that list is closed: constraints on the region may then name nothing else.
   * @default none: any text
   */
  readonly regions?: readonly string[];
}

/** The prefix of Rampart's descriptions: an update replaces these and keeps an operator's own. */
export const DESCRIPTION_MARKER = 'Rampart: ';

// Unleash refuses constraints on values outside the legal ones, for STR_CONTAINS as for IN. So only closed domains have
// legal values; cohorts and labels arrive as comma-separated lists, where any part of the text may be looked for.
const FIELDS: Readonly<Record<FieldFact, Omit<ContextField, 'name' | 'legalValues'>>> = {
  tenantId: {
    description:
      'the tenant (organisation) that asks. Percentages and variants are split by it unless a rule names another field.',
    stickiness: true,
  },
  tier: {
    description: "the tenant's plan, lowest first in the list. The tier ladder of the configuration.",
    stickiness: false,
  },
  region: {
    description: 'where the data of the tenant lives, e.g. eu. Compared exactly as services send it.',
    stickiness: false,
  },
  cohorts: {
    description:
      'comma-separated groups of the subject. The stages know internal and dogfood; others are yours. Use STR_CONTAINS.',
    stickiness: false,
  },
  labels: {
    description:
      'comma-separated labels of the subject, e.g. hipaa, financial, custom_residency, escalation. aiAccess can exclude them.',
    stickiness: false,
  },
  aiOptOut: {
    description: 'true when this user wants no AI. Gates close by themselves; no constraint is needed.',
    stickiness: false,
  },
  complexity: {
    description: 'how hard the task is, a number that the service sends; aiStage can set a limit.',
    stickiness: false,
  },
};

/** Rampart's context fields, in the order of the UI. */
export function contextFields({
  contextNames = {},
  tiers,
  regions = [],
}: ContextFieldOptions = {}): readonly ContextField[] {
  const legal: Partial<Record<FieldFact, readonly string[]>> = {
    tier: tiers ?? DEFAULT_TIERS,
    region: regions,
    aiOptOut: ['true', 'false'],
  };
  return facts.map((fact) => ({
    ...FIELDS[fact],
    name: contextNames[fact] ?? DEFAULT_CONTEXT_NAMES[fact],
    description: `${DESCRIPTION_MARKER}${FIELDS[fact].description}`,
    legalValues: (legal[fact] ?? []).map((value) => ({ value })),
  }));
}

const facts: readonly FieldFact[] = ['tenantId', 'tier', 'region', 'cohorts', 'labels', 'aiOptOut', 'complexity'];
