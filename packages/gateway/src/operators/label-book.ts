import { entriesOf, type TenantDirectory, type TenantFacts } from '@rampart/core';
import type { ControlStore, RecordedMeasurement } from '@rampart/sdk';

/** How long the directory may take for one tenant, in ms. */
const PATIENCE = 2_000;
/** So many lookups in a row that came too late, and it is not asked again: an audit has thousands of tenants. */
const MOST_LATE = 10;

/** Options of {@link LabelBook}. */
export interface LabelBookOptions {
  readonly store: Pick<ControlStore, 'events'>;
  readonly directory: TenantDirectory | undefined;
  readonly log: { warn(message: string): void };
  /** In ms. @default 2000 */
  readonly patience?: number | undefined;
}

/** What is known of the labels of tenants: by what recorded it, and now. */
export class LabelBook {
  readonly #store: LabelBookOptions['store'];
  readonly #directory: TenantDirectory | undefined;
  readonly #log: LabelBookOptions['log'];
  readonly #patience: number;
  readonly #known = new Map<string, readonly string[] | undefined>();
  #recorded: Promise<ReadonlyMap<string, readonly string[]>> | undefined;
  #late = 0;
  #hasFailed = false;

  constructor({ store, directory, log, patience = PATIENCE }: LabelBookOptions) {
    this.#store = store;
    this.#directory = directory;
    this.#log = log;
    this.#patience = patience;
  }

  /** All labels that an exposure carries and that its tenant has; undefined where nobody knows any. */
  async of({
    tenant,
    attributes,
  }: Pick<RecordedMeasurement, 'tenant' | 'attributes'>): Promise<readonly string[] | undefined> {
    const carried = entriesOf(attributes?.['labels']);
    const now = tenant === undefined ? undefined : await this.#ofTenant(tenant);
    if (carried === undefined || now === undefined) return carried ?? now;
    return [...new Set([...carried, ...now])];
  }

  async #ofTenant(tenant: string): Promise<readonly string[] | undefined> {
    if (this.#known.has(tenant)) return this.#known.get(tenant);
    this.#recorded ??= this.#readRecorded();
    const recorded = (await this.#recorded).get(tenant);
    const looked = entriesOf((await this.#look(tenant))?.labels);
    const labels =
      recorded === undefined && looked === undefined ? undefined : [...(recorded ?? []), ...(looked ?? [])];
    this.#known.set(tenant, labels);
    return labels;
  }

  // Of one tenant nothing may be known: the others are audited all the same.
  async #look(tenant: string): Promise<TenantFacts | undefined> {
    if (this.#directory === undefined || this.#late >= MOST_LATE) return undefined;
    try {
      const found = await within(this.#directory(tenant), this.#patience);
      this.#late = 0;
      return found;
    } catch (error) {
      this.#late = error instanceof Late ? this.#late + 1 : 0;
      this.#tell(error);
      return undefined;
    }
  }

  // The message of somebody else's error may hold anything, so only its kind is told.
  #tell(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const kind = error instanceof Error ? error.name : typeof error;
    this.#log.warn(`exposure audit: the tenant directory fails (${kind}); what only it knows is missing: audit again`);
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

class Late extends Error {
  override readonly name = 'Late';
}

async function within<T>(found: T | PromiseLike<T>, patience: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late()), patience);
  });
  try {
    return await Promise.race([found, late]);
  } finally {
    clearTimeout(timer);
  }
}
