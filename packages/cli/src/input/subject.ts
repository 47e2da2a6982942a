import { type Attributes, type ContextNames, readId } from '@rampart/core';
import { misused } from '../failure.js';
import { readPairs } from './pairs.js';

/** The facts that `rampart explain` takes as options. */
export interface SubjectFlags {
  readonly tenant?: string;
  readonly user?: string;
  readonly tier?: string;
  readonly region?: string;
  readonly cohorts?: string;
  readonly labels?: string;
  readonly complexity?: string;
  readonly confidence?: string;
  readonly aiOptOut?: boolean;
  readonly requestId?: string;
  readonly attribute?: readonly string[];
}

/** The context that a service would pass for this subject. Facts that are not given stay unknown. */
export function readAttributes(flags: SubjectFlags, names: ContextNames): Attributes {
  const facts: readonly (readonly [string, unknown])[] = [
    [names.tenantId, idOf('--tenant', flags.tenant)],
    [names.userId, idOf('--user', flags.user)],
    [names.tier, flags.tier],
    [names.region, flags.region],
    [names.cohorts, flags.cohorts],
    [names.labels, flags.labels],
    [names.complexity, numberOf('--complexity', flags.complexity)],
    [names.confidence, numberOf('--confidence', flags.confidence)],
    [names.aiOptOut, flags.aiOptOut],
    [names.requestId, flags.requestId],
  ];
  const given = facts.filter(([, value]) => value !== undefined);
  const others = [...readPairs('--attribute', flags.attribute ?? [])];
  const twice = others.find(([name]) => given.some(([fact]) => fact === name));
  if (twice !== undefined) misused(`--attribute ${twice[0]}: it is given by its own option already, keep one`);
  return Object.fromEntries([...given, ...others]);
}

/** An id as the control log takes it; an empty one stays, and is no id. */
function idOf(option: string, text: string | undefined): string | undefined {
  return text === undefined || text === '' ? text : readId(option, text);
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : misused(`${option} ${JSON.stringify(text)}: write a number`);
}
