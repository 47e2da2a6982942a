import { atOnce, TICK } from './spread.js';

/**
 * Says once more, after a while, to whom something was said. Who is told again meanwhile waits anew, so that nobody waits
 * twice at a time: then there is either a repeat, or news, at most twice the while after whatever was said.
 */
export class Repeats<Whom> {
  readonly #wait: number;
  readonly #say: (whom: readonly Whom[]) => void;
  /** When each is due, the earliest first. */
  readonly #due = new Map<Whom, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param wait in ms */
  constructor(wait: number, say: (whom: readonly Whom[]) => void) {
    this.#wait = wait;
    this.#say = say;
  }

  /** Somebody was told. They come in groups, which their repeats keep. */
  add(whom: Whom): void {
    this.#due.delete(whom);
    this.#due.set(whom, performance.now() + this.#wait);
    if (this.#timer === undefined) this.#schedule(this.#wait);
  }

  /** Somebody has gone. */
  delete(whom: Whom): void {
    this.#due.delete(whom);
  }

  /** Says nothing any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#due.clear();
  }

  #schedule(wait: number): void {
    this.#timer = setTimeout(() => this.#turn(), Math.max(wait, TICK)).unref();
  }

  #turn(): void {
    const now = performance.now();
    const most = atOnce(this.#due.size);
    const turn: Whom[] = [];
    let next: number | undefined;
    for (const [whom, at] of this.#due) {
      if (at > now || turn.length >= most) {
        next = at;
        break;
      }
      this.#due.delete(whom);
      turn.push(whom);
    }
    this.#timer = undefined;
    if (next !== undefined) this.#schedule(next - now);
    if (turn.length > 0) this.#say(turn);
  }
}
