import type { AuditEntry, ConsentRecord } from '@rampart/sdk/operator';
import { neutraliseFormula } from '../formula.js';
import { CONSENT_COLUMNS } from '../input/consent-file.js';
import { oneLine, renderTable } from './table.js';

/** What a tenant's administrators recorded. */
export function renderConsents(records: readonly ConsentRecord[], tenant: string): string {
  if (records.length === 0)
    return `Nothing is recorded for tenant ${oneLine(tenant)}: every consent is unset, and the model of the class decides.\n`;
  const rows = records.map(({ featureClass, consent, at, actor, revision, reason }) => [
    featureClass,
    consent.state,
    consent.version === undefined ? '' : String(consent.version),
    new Date(at).toISOString(),
    oneLine(actor ?? '(erased)'),
    revision,
    oneLine(reason ?? ''),
  ]);
  return `${renderTable(['CLASS', 'STATE', 'TERMS', 'SINCE', 'WHO', 'REVISION', 'WHY'], rows).join('\n')}\n`;
}

/** How a consent came to be what it is. */
export function renderConsentHistory(entries: readonly AuditEntry[], tenant: string): string {
  if (entries.length === 0) return `Nothing was ever recorded for tenant ${oneLine(tenant)}.\n`;
  const rows = entries.map((entry) => [
    new Date(entry.at).toISOString(),
    entry.change?.kind === 'consent' ? entry.change.featureClass : '',
    entry.erased ? '(erased)' : `${shownValue(entry.before)} -> ${shownValue(entry.after)}`,
    oneLine(entry.actor ?? '(erased)'),
    entry.revision,
    oneLine(entry.reason ?? ''),
  ]);
  return `${renderTable(['WHEN', 'CLASS', 'CHANGE', 'WHO', 'REVISION', 'WHY'], rows).join('\n')}\n`;
}

/** A recorded value in few words. */
export function shownValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const { state, version } = value as { readonly state?: unknown; readonly version?: unknown };
  if (typeof state !== 'string') return oneLine(JSON.stringify(value));
  return typeof version === 'number' ? `${state} (terms ${version})` : state;
}

function consentRow({ tenant, featureClass, consent, revision, actor, reason, at }: ConsentRecord) {
  const { state, version } = consent;
  return { tenant, featureClass, state, version, revision, actor, reason, at: new Date(at).toISOString() };
}

/** Consents as CSV with a header, without formulas; or as JSON Lines, unchanged. */
export function renderExport(records: readonly ConsentRecord[], format: 'csv' | 'jsonl'): string {
  const rows = records.map(consentRow);
  if (format === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const lines = [
    CONSENT_COLUMNS,
    ...rows.map((row) => CONSENT_COLUMNS.map((column) => neutraliseFormula(String(row[column] ?? '')))),
  ];
  return lines.map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

const quoted = (cell: string): string => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
