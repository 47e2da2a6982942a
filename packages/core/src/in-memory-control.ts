import type { ControlView } from './control.js';
import { ControlInputError, readControlChange } from './control-change.js';
import {
  applyControl,
  type ControlChange,
  type ControlState,
  EMPTY_CONTROL,
  isTenantChange,
  viewOf,
} from './control-state.js';
import type { ControlChanged, ControlSource } from './ports.js';

/** Options of {@link InMemoryControl}. */
export interface InMemoryControlOptions {
  /** A clock in ms since 1970, for overrides that end. @default none: overrides are refused */
  readonly now?: (() => number) | undefined;
}

/** A control source in memory: for tests, and for a single process that loads its consents at start. Always fresh. */
export class InMemoryControl implements ControlSource {
  readonly #now: (() => number) | undefined;
  #state: ControlState = EMPTY_CONTROL;
  readonly #views = new Map<string | undefined, ControlView>();
  readonly #listeners = new Set<(change: ControlChanged) => void>();

  constructor({ now }: InMemoryControlOptions = {}) {
    this.#now = now;
  }

  /**
   * Applies one change; the next question sees it.
   *
   * @returns the revision to pass as `consentRevision` to get a decision at least this fresh
   * @throws ControlInputError that names the field, the value and the fix
   */
  apply(change: ControlChange): string {
    const checked = readControlChange(change);
    if (checked.kind === 'override' && this.#now === undefined)
      throw new ControlInputError('override.until', checked.override.until, 'give InMemoryControl a clock: { now }');
    this.#state = applyControl(this.#state, checked);
    this.#views.clear();
    const changed: ControlChanged = { tenants: isTenantChange(checked) ? [checked.tenant] : 'all' };
    for (const listener of this.#listeners) listener(changed);
    return String(this.#state.position);
  }

  subscribe(listener: (change: ControlChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  read(tenantId: string | undefined, atLeast?: string): ControlView | undefined {
    // What is no position of this log can't be shown to be in it.
    if (atLeast !== undefined && !(/^\d+$/.test(atLeast) && Number(atLeast) <= this.#state.position)) return undefined;
    const known = this.#views.get(tenantId);
    if (known !== undefined) return known;
    const view = viewOf(this.#state, tenantId, this.#now?.() ?? 0);
    // An override may end between two questions.
    if ((view.tenant.overrides?.length ?? 0) > 0) return view;
    if (this.#views.size >= MAX_VIEWS) this.#views.clear();
    this.#views.set(tenantId, view);
    return view;
  }
}

const MAX_VIEWS = 10_000;
