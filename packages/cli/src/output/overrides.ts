import type { Override } from '@rampart/core';
import type { ControlItem } from '@rampart/sdk/operator';
import { oneLine, renderTable } from './table.js';

/** A recorded override. */
export interface OverrideItem extends Omit<ControlItem, 'change'> {
  readonly tenant: string;
  readonly override: Override;
  /** Whether it no longer acts. */
  readonly ended: boolean;
}

/** Overrides as a table. */
export function renderOverrides(items: readonly OverrideItem[]): string {
  if (items.length === 0) return 'No override holds.\n';
  const rows = items.map(({ tenant, override: { id, flag, force, until, reason }, actor, ended }) => [
    oneLine(tenant),
    oneLine(flag),
    force,
    `${new Date(until).toISOString()}${ended ? ' (ended)' : ''}`,
    oneLine(actor ?? '(erased)'),
    oneLine(reason),
    id === flag ? '' : oneLine(id),
  ]);
  return `${renderTable(['TENANT', 'FLAG', 'FORCE', 'UNTIL', 'WHO', 'WHY', 'ID'], rows).join('\n')}\n`;
}
