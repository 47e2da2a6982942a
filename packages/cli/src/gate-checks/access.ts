import type { ContextFile } from '../input/contexts.js';
import type { PlacedRow } from '../output/preview.js';
import { failed, type GateFinding, passed } from './finding.js';

/** Rows that an output lists for one environment; the rest is counted. */
const MAX_ROWS = 20;

/** Options that accept what the access check finds. */
export interface AccessOptions {
  readonly acceptLoss: boolean;
  /** The attribute that holds the tenant. */
  readonly tenantName: string;
  readonly feature: string;
  readonly flag: string;
}

/** What a preview of one environment says: each tenant that has the flag today and would lose it. */
export function checkAccess(
  environment: string,
  rows: readonly PlacedRow[],
  { acceptLoss, tenantName, feature, flag }: AccessOptions,
): readonly GateFinding[] {
  const risky = rows.filter(({ change }) => change === 'loses' || change === 'unknown');
  const on = rows.filter(({ before }) => before === true).length;
  if (risky.length === 0)
    return [passed('access', environment, `none of ${rows.length} tenants loses access; ${on} have it today`)];
  const findings = risky.slice(0, MAX_ROWS).map((row) => {
    const tenant = String(row.subject[tenantName]);
    const { found, fix } = row.change === 'unknown' ? unknownAccess(tenant, row) : lostAccess(tenant, row, feature);
    return failed('access', `${environment}, ${row.at}`, { found, fix, isAccepted: acceptLoss });
  });
  if (risky.length <= MAX_ROWS) return findings;
  const found = `${risky.length - MAX_ROWS} more tenants would or may lose access`;
  const fix = `list them: rampart preview --tenants FILE --feature ${feature} --flag ${flag} --environment ${environment}`;
  return [...findings, failed('access', environment, { found, fix, isAccepted: acceptLoss })];
}

function lostAccess(tenant: string, { decision: { gate, detail } }: PlacedRow, feature: string) {
  return {
    found: `${tenant} would lose access (${gate}: ${detail ?? ''})`,
    fix: `${FIXES[gate] ?? `change aiAccess of ${feature}`}, or pass --accept-loss`,
  };
}

function unknownAccess(tenant: string, { unknownBecause }: PlacedRow) {
  return {
    found: `${tenant} may lose access: its answer today isn't known (${unknownBecause.join('; ')})`,
    fix: 'add the attribute to the tenants file, or pass --accept-loss',
  };
}

const FIXES: Readonly<Record<string, string>> = {
  kill: 'revive the kill switch',
  consent: 'record its consent',
  tier: 'lower minTier, or add the tenant to forceOn of the feature',
  exclusion: 'state its labels, or change exclude of the feature',
  force_off: 'remove the tenant from forceOff, or lift the override',
  targeting: "change the constraints of the feature's rule",
};

/** Rows of the file that are no context. They can't be accepted: they may be tenants that lose access. */
export function checkRows({ unread }: ContextFile): readonly GateFinding[] {
  return unread.map(({ at, problem }) =>
    failed('access', at, { found: `the row can't be read: it ${problem}`, fix: 'correct the row of the tenants file' }),
  );
}

/** Without a list of tenants nothing says which of them would lose access. */
export function checkWithoutTenants(isAccepted: boolean): GateFinding {
  return failed('access', '', {
    found: 'there is no list of tenants, so it is unknown which of them would lose access',
    fix: 'pass --tenants FILE, or --accept-unchecked-tenants',
    isAccepted,
  });
}
