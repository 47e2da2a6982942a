import type { ControlSource, ControlView } from '@rampart/core';

/** How many views of a tenant are remembered: as many as one tenant's questions can overlap. */
const MOST = 64;

/**
 * A control source that remembers what it gave, so that an answer can be judged by the very state it was made from and not
 * by what it says of itself.
 */
export class Witness implements ControlSource {
  readonly #source: ControlSource;
  readonly #sabotaged: boolean;
  readonly #given = new Map<string | undefined, Map<string, ControlView>>();
  readonly #last = new Map<string | undefined, ControlView>();

  constructor(source: ControlSource, sabotaged: boolean) {
    this.#source = source;
    this.#sabotaged = sabotaged;
  }

  read(tenantId: string | undefined, atLeast?: string): ControlView | undefined {
    const fresh = this.#source.read(tenantId, atLeast);
    const view = fresh ?? (this.#sabotaged ? this.#last.get(tenantId) : undefined);
    if (view === undefined) return undefined;
    const given = this.#given.get(tenantId) ?? new Map<string, ControlView>();
    this.#given.set(tenantId, given.set(view.revision, view));
    this.#last.set(tenantId, view);
    for (const revision of given.keys()) {
      if (given.size <= MOST) break;
      given.delete(revision);
    }
    return view;
  }

  /** What was given for a tenant under this revision. */
  given(tenantId: string, revision: string): ControlView | undefined {
    return this.#given.get(tenantId)?.get(revision);
  }

  async load(tenantId: string | undefined, atLeast?: string): Promise<void> {
    await this.#source.load?.(tenantId, atLeast);
  }

  async start(): Promise<void> {
    await this.#source.start?.();
  }

  async stop(): Promise<void> {
    await this.#source.stop?.();
  }

  closedForUnknown(): void {
    this.#source.closedForUnknown?.();
  }
}
