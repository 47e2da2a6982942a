import { entriesOf, type TenantDirectory } from '@rampart/core';
import type { ControlStore, RecordedMeasurement } from '@rampart/sdk';

/** What is known of the labels of tenants: by what recorded it, and now. */
export class LabelBook {
  readonly #store: ControlStore;
  readonly #directory: TenantDirectory | undefined;
  readonly #known = new Map<string, readonly string[] | undefined>();
  #recorded: Promise<ReadonlyMap<string, readonly string[]>> | undefined;

  constructor(store: ControlStore, directory: TenantDirectory | undefined) {
    this.#store = store;
    this.#directory = directory;
  }

  /** All labels that an exposure carries and that its tenant has; undefined where nobody knows any. */
  async of({ tenant, attributes }: RecordedMeasurement): Promise<readonly string[] | undefined> {
    const carried = entriesOf(attributes?.['labels']);
    const now = tenant === undefined ? undefined : await this.#ofTenant(tenant);
    if (carried === undefined || now === undefined) return carried ?? now;
    return [...new Set([...carried, ...now])];
  }

  async #ofTenant(tenant: string): Promise<readonly string[] | undefined> {
    if (this.#known.has(tenant)) return this.#known.get(tenant);
    this.#recorded ??= this.#readRecorded();
    const recorded = (await this.#recorded).get(tenant);
    const looked = (await this.#directory?.(tenant))?.labels;
    const labels =
      recorded === undefined && looked === undefined ? undefined : [...(recorded ?? []), ...(looked ?? [])];
    this.#known.set(tenant, labels);
    return labels;
  }

  /** Of each tenant the latest. */
  async #readRecorded(): Promise<ReadonlyMap<string, readonly string[]>> {
    const latest = new Map<string, readonly string[]>();
    let after: string | undefined;
    do {
      const { events, next } = await this.#store.events({ name: 'labels', after });
      for (const { tenant, attributes } of events) {
        const labels = entriesOf(attributes?.['labels']);
        if (tenant !== undefined && labels !== undefined) latest.set(tenant, labels);
      }
      after = next;
    } while (after !== undefined);
    return latest;
  }
}
