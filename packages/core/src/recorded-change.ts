import { z } from 'zod';
import { CHANGE_VALUES } from './control-change.js';
import type { ControlChange } from './control-state.js';
import { CONSENT_MODELS } from './parameters.js';

/** The last moment that a JavaScript date can name, in ms since 1970. */
const MAX_MOMENT = 8.64e15;

const text = z.string();
const { version, fraction, moment } = CHANGE_VALUES;
const mode = CHANGE_VALUES.mode.catch('shadow');
const bands = CHANGE_VALUES.bands.catch({ autoAbove: 1, confirmFrom: 1, reviewFrom: 1 });
const scope = CHANGE_VALUES.scope.catch({ all: true });
const reason = text.catch('');
const consent = z
  .object({ state: z.enum(['opt_in', 'opt_out', 'unset']), version: version.optional() })
  .or(z.object({ state: z.literal('unknown') }))
  .catch({ state: 'unknown' });
const choice = z.enum(['opt_in', 'opt_out', 'unknown']).catch('unknown');
const model = z.enum([...CONSENT_MODELS, 'unknown']).catch('unknown');
const override = z.object({
  id: text,
  flag: text,
  force: z.enum(['on', 'off']).catch('off'),
  reason,
  until: moment.catch(MAX_MOMENT),
});
const kind = <const K extends string, S extends z.ZodRawShape>(name: K, shape: S) =>
  z.object({ kind: z.literal(name), ...shape });

const schema = z.discriminatedUnion('kind', [
  kind('consent', { tenant: text, featureClass: text, consent }),
  kind('choice', { tenant: text, user: text, featureClass: text, choice: choice.optional() }),
  kind('preference', { tenant: text, mode: mode.optional(), bands: bands.optional() }),
  kind('override', { tenant: text, override }),
  kind('lift_override', { tenant: text, id: text }),
  kind('model', { featureClass: text, model }),
  kind('kill', { kill: z.object({ id: text, scope, reason }) }),
  kind('revive', { id: text }),
  kind('cap', { cap: z.object({ id: text, scope, mode }) }),
  kind('lift_cap', { id: text }),
  kind('floor', { floor: z.object({ id: text, scope, bands }) }),
  kind('lift_floor', { id: text }),
  kind('calibration', { change: text, error: fraction.catch(1) }),
]);

/**
 * Reads a change that is recorded already. Other programs, and databases that store any text, may have written values that
 * `readControlChange` refuses. Each such value becomes the one that opens least: the state, choice or model `unknown`, mode
 * `shadow`, thresholds and calibration errors of 1, an override that forces off without an end, a scope of everything.
 *
 * @returns undefined where the value names no known kind, or not the item that it changes
 */
export function readRecordedChange(value: unknown): ControlChange | undefined {
  return isPlain(value) ? value : (schema.safeParse(value).data as ControlChange | undefined);
}

// By far the most frequent kinds: a follower reads thousands of them at once.
function isPlain(value: unknown): value is Extract<ControlChange, { kind: 'consent' | 'choice' }> {
  const { kind: name, tenant, featureClass, ...rest } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof tenant !== 'string' || typeof featureClass !== 'string') return false;
  if (name === 'choice') {
    return typeof rest['user'] === 'string' && (rest['choice'] === 'opt_in' || rest['choice'] === 'opt_out');
  }
  const { state, version: terms } = (rest['consent'] ?? {}) as Partial<Record<string, unknown>>;
  const isState = state === 'opt_in' || state === 'opt_out' || state === 'unset';
  const isVersion = terms === undefined || (Number.isSafeInteger(terms) && (terms as number) >= 0);
  return name === 'consent' && isState && isVersion;
}
