/** What has to be ended, the last one first. */
export class Stops {
  readonly #all: (() => Promise<void>)[] = [];

  /** Remembers how to end something. */
  add(stop: () => Promise<void>): void {
    this.#all.push(stop);
  }

  /** Remembers to end this. */
  own<T extends { stop(): Promise<void> }>(thing: T): T {
    this.add(() => thing.stop());
    return thing;
  }

  /** Ends everything, whatever fails. Can be called again. */
  async stop(): Promise<void> {
    for (let stop = this.#all.pop(); stop !== undefined; stop = this.#all.pop()) await stop().catch(() => {});
  }
}
