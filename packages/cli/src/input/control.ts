import { type ControlChange, InMemoryControl, MODES } from '@rampart/core';
import { z } from 'zod';
import { misused } from '../failure.js';
import { parseJson, readText } from './files.js';

const text = z.string().min(1);
const version = z.number().int().min(0);
const fraction = z.number().min(0).max(1);
const mode = z.enum(MODES);
const band = z.exactOptional(fraction);
const bands = z.strictObject({ autoAbove: band, confirmFrom: band, reviewFrom: band });
const scope = z
  .strictObject({ all: z.boolean(), feature: text, change: text, tenant: text, tier: text, region: text, label: text })
  .partial();
const consent = z.strictObject({ state: z.enum(['opt_in', 'opt_out', 'unset']), version: version.optional() });
const kind = <const K extends string, S extends z.ZodRawShape>(name: K, shape: S) =>
  z.strictObject({ kind: z.literal(name), ...shape });

const change: z.ZodType<ControlChange> = z.discriminatedUnion('kind', [
  kind('consent', { tenant: text, featureClass: text, consent }),
  kind('choice', {
    tenant: text,
    user: text,
    featureClass: text,
    choice: z.enum(['opt_in', 'opt_out']).optional(),
  }).transform((found) => ({ ...found, choice: found.choice })),
  kind('preference', { tenant: text, mode: mode.optional(), bands: bands.optional() }),
  kind('model', { featureClass: text, model: z.enum(['not_required', 'opt_out', 'opt_in']) }),
  kind('kill', { kill: z.strictObject({ id: text, scope, reason: z.string() }) }),
  kind('revive', { id: text }),
  kind('cap', { cap: z.strictObject({ id: text, scope, mode }) }),
  kind('lift_cap', { id: text }),
  kind('floor', { floor: z.strictObject({ id: text, scope, bands }) }),
  kind('lift_floor', { id: text }),
  kind('calibration', { change: text, error: fraction }),
]);

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
  const control = new InMemoryControl();
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
    const result = change.safeParse(entry);
    if (!result.success) misused(`${where}, entry ${index + 1}: ${describe(result.error.issues[0])}`);
    else applyChecked(control, result.data, `${where}, entry ${index + 1}`);
  }
}

function applyChecked(control: InMemoryControl, entry: ControlChange, where: string): void {
  try {
    control.apply(entry);
  } catch (error) {
    misused(`${where}: ${(error as Error).message}`);
  }
}

const describe = (issue: z.core.$ZodIssue | undefined): string =>
  issue === undefined
    ? 'can not be read'
    : `${issue.path.length === 0 ? '' : `${issue.path.join('.')}: `}${issue.message}`;

const CONSENT = /^([A-Za-z0-9_.-]{1,64})=(opt_in|opt_out|unset)(?::(\d+))?$/;

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
