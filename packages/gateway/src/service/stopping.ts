/** How far a gateway is on its way down. */
export class Stopping {
  readonly #end = new AbortController();
  #isAnnounced = false;

  /** Whether `/readyz` sends new requests elsewhere. */
  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** Aborts when event streams have to end. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  announce(): void {
    this.#isAnnounced = true;
  }

  /** Ends what would never end by itself. */
  begin(): void {
    this.#isAnnounced = true;
    this.#end.abort();
  }
}
