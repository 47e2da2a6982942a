import { type ControlChange, InMemoryControl, isControlInputError } from '@rampart/core';
import { misused } from '../failure.js';
import { parseJson, readText } from './files.js';

/** What is said of consent and kill switches on the command line. */
export interface ControlFlags {
  /** A JSON list of changes of the control log. */
  readonly control?: string;
  /** `class=state` or `class=state:version`, for every tenant that is asked about. */
  readonly consent?: readonly string[];
}

/** The control state for a command: the file first, then the consents for these tenants. */
export function readControl(
  { control: path, consent: entries = [] }: ControlFlags,
  tenants: Iterable<string>,
): InMemoryControl {
  const control = new InMemoryControl({ now: Date.now });
  if (path !== undefined) applyFile(control, path);
  const consents = entries.map(readConsent);
  for (const tenant of new Set(tenants))
    for (const given of consents) control.apply({ ...given, kind: 'consent', tenant });
  return control;
}

/** Whether anything was said; otherwise every consent is unset, which the output has to tell. */
export function saysConsent(flags: ControlFlags): boolean {
  return flags.control !== undefined || (flags.consent ?? []).length > 0;
}

function applyFile(control: InMemoryControl, path: string): void {
  const where = `--control ${JSON.stringify(path)}`;
  const found = parseJson('--control', path, readText('--control', path));
  if (!Array.isArray(found)) {
    misused(
      `${where}: write a JSON list, e.g. [{"kind":"consent","tenant":"acme","featureClass":"support_copilot","consent":{"state":"opt_in"}}]`,
    );
  }
  for (const [index, entry] of (found as readonly unknown[]).entries()) {
    applyChecked(control, entry as ControlChange, `${where}, entry ${index + 1}`);
  }
}

function applyChecked(control: InMemoryControl, entry: ControlChange, where: string): void {
  try {
    control.apply(entry);
  } catch (error) {
    if (!isControlInputError(error)) throw error;
    misused(`${where}: ${error.message}`);
  }
}

const CONSENT = /^([a-z0-9_.-]{1,64})=(opt_in|opt_out|unset)(?::(\d+))?$/;

function readConsent(entry: string): Pick<Extract<ControlChange, { kind: 'consent' }>, 'featureClass' | 'consent'> {
  const match = CONSENT.exec(entry);
  const [, featureClass = '', state = '', terms] = match ?? [];
  if (match === null)
    misused(
      `--consent ${JSON.stringify(entry)}: write class=opt_in, class=opt_in:VERSION, class=opt_out or class=unset`,
    );
  const given = { state: state as 'opt_in' | 'opt_out' | 'unset' };
  return { featureClass, consent: terms === undefined ? given : { ...given, version: Number(terms) } };
}
