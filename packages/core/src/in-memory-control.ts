import type { ControlView, Scope } from './control.js';
import { applyControl, type ControlChange, type ControlState, EMPTY_CONTROL, viewOf } from './control-state.js';
import type { ControlSource } from './ports.js';

/** A control source in memory: for tests, and for a single process that loads its consents at start. Always fresh. */
export class InMemoryControl implements ControlSource {
  #state: ControlState = EMPTY_CONTROL;
  readonly #views = new Map<string | undefined, ControlView>();

  /**
   * Applies one change; the next question sees it.
   *
   * @returns the revision to pass as `consentRevision` to get a decision at least this fresh
   * @throws RangeError for a scope that names nothing, or a calibration error outside 0..1
   */
  apply(change: ControlChange): string {
    check(change);
    this.#state = applyControl(this.#state, change);
    this.#views.clear();
    return String(this.#state.position);
  }

  read(tenantId: string | undefined, atLeast?: string): ControlView | undefined {
    // What is no position of this log can't be shown to be in it.
    if (atLeast !== undefined && !(/^\d+$/.test(atLeast) && Number(atLeast) <= this.#state.position)) return undefined;
    let view = this.#views.get(tenantId);
    if (view === undefined) {
      view = viewOf(this.#state, tenantId);
      if (this.#views.size >= MOST_VIEWS) this.#views.clear();
      this.#views.set(tenantId, view);
    }
    return view;
  }
}

const MOST_VIEWS = 10_000;

function check(change: ControlChange): void {
  if (change.kind === 'kill') checkScope('kill', change.kill.scope);
  if (change.kind === 'cap') checkScope('cap', change.cap.scope);
  if (change.kind === 'floor') checkScope('floor', change.floor.scope);
  if (change.kind === 'calibration' && !(change.error >= 0 && change.error <= 1)) {
    throw new RangeError(`calibration error of ${change.change} is ${change.error}: use a number from 0 to 1`);
  }
}

function checkScope(kind: string, scope: Scope): void {
  if (Object.values(scope).some((part) => part !== undefined && part !== false)) return;
  throw new RangeError(
    `${kind} without a scope: name a feature, change, tenant, tier, region or label, or say { all: true }`,
  );
}
