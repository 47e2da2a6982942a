/** A request that was not answered, or refused. Its message is for the person who asked. */
class RequestError extends Error {
  override readonly name = 'RequestError';
  /** Of HTTP; absent where no answer came. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** How long an answer is waited for, in ms. */
const PATIENCE = 15_000;

/** Asks for JSON. @throws RequestError, also where no answer comes in time */
export async function request<T>(url: string, init?: RequestInit): Promise<T> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined);
  if (response === undefined) throw new RequestError('No answer came.');
  // Not every refusal has a body.
  const answer = (await response.json().catch(() => undefined)) as (T & { readonly detail?: string }) | undefined;
  if (response.ok && answer !== undefined) return answer;
  throw new RequestError(answer?.detail ?? `The answer was ${response.status}.`, response.status);
}

/** What the gateway says where somebody else wrote since the page had read. */
export const isConflict = (error: unknown): boolean => error instanceof RequestError && error.status === 409;
