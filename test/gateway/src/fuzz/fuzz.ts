import fc from 'fast-check';
import { type Credentials, type Document, type KnownValues, requestsOf, type Sent } from './requests.js';
import { newAgent, type Received, send } from './send.js';

/** Options of {@link fuzz}. */
export interface FuzzOptions {
  readonly url: string;
  readonly document: Document;
  readonly credentials: Credentials;
  readonly known: KnownValues;
  readonly requests: number;
  /** The same seed sends the same requests. */
  readonly seed: number;
  /** Told after each part. */
  readonly progress?: (sent: number) => Promise<void> | void;
}

/** What must not happen. */
interface Failure {
  readonly why: string;
  /** Sends the part again in which it happened: `--seed SEED --requests 500`. */
  readonly seed: number;
  readonly sent: Sent;
}

export interface FuzzSummary {
  readonly requests: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Routes by how often each was answered with success. */
  readonly succeeded: Readonly<Record<string, number>>;
  readonly routes: readonly string[];
  readonly slowest: readonly { readonly route: string; readonly took: number }[];
  readonly failures: readonly Failure[];
}

const PART = 500;
const AT_ONCE = 16;
const SLOWEST = 5;
/** What no answer may carry: where the code is, or what it threw. */
const INSIDES = /node_modules|\.[jt]s:\d+|at \w+ \(|Error: /;

/** Sends generated requests and gathers what came of them. Rejects only for a bug of its own. */
export async function fuzz(options: FuzzOptions): Promise<FuzzSummary> {
  const { url, document, credentials, known, requests, seed, progress } = options;
  const all = requestsOf(document, credentials, known);
  const agent = newAgent(AT_ONCE);
  const gathered = new Gathered();
  for (let sent = 0; sent < requests; sent += PART) {
    const partSeed = seed + sent / PART;
    const part = fc.sample(all, { seed: partSeed, numRuns: Math.min(PART, requests - sent) });
    const rest = part.values();
    const work = async (): Promise<void> => {
      for (const next of rest) await attempt(new URL(url), next);
    };
    const attempt = async (to: URL, next: Sent): Promise<void> => {
      try {
        gathered.add(next, await send(to, next, agent), partSeed);
      } catch (error) {
        gathered.fail(next, (error as Error).message, partSeed);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await progress?.(sent + part.length);
  }
  agent.destroy();
  return gathered.summary(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
}

class Gathered {
  readonly #byStatus = new Map<string, number>();
  readonly #succeeded = new Map<string, number>();
  readonly #failures: Failure[] = [];
  #slowest: { route: string; took: number }[] = [];
  #count = 0;

  add(sent: Sent, { status, took, body }: Received, seed: number): void {
    this.#count += 1;
    const name = status === 0 ? 'closed' : `${status}`;
    this.#byStatus.set(name, (this.#byStatus.get(name) ?? 0) + 1);
    if (status >= 200 && status < 300) this.#succeeded.set(sent.route, (this.#succeeded.get(sent.route) ?? 0) + 1);
    if (status >= 500) this.fail(sent, `${status}: ${body.slice(0, 300)}`, seed);
    else if (status >= 400 && INSIDES.test(body))
      this.fail(sent, `an error shows its insides: ${body.slice(0, 300)}`, seed);
    if (sent.kind === 'request') this.#slowest.push({ route: sent.route, took });
    if (this.#slowest.length > 1_000) this.#cut();
  }

  fail(sent: Sent, why: string, seed: number): void {
    this.#failures.push({ sent, why, seed });
  }

  summary(routes: readonly string[]): FuzzSummary {
    this.#cut();
    return {
      requests: this.#count,
      byStatus: Object.fromEntries([...this.#byStatus].toSorted(([one], [other]) => one.localeCompare(other))),
      succeeded: Object.fromEntries(this.#succeeded),
      routes,
      slowest: this.#slowest,
      failures: this.#failures,
    };
  }

  #cut(): void {
    this.#slowest = this.#slowest.toSorted((one, other) => other.took - one.took).slice(0, SLOWEST);
  }
}
