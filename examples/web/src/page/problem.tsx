import { useAction } from './use-action.js';

interface ProblemProps {
  readonly text: string;
  /** What "Try again" does; without it there is nothing to repeat. */
  readonly onRetry?: (() => Promise<unknown>) | undefined;
}

/** What did not work, said at once. */
export function Problem({ text, onRetry }: ProblemProps) {
  const { state, start } = useAction(async () => onRetry?.());
  return (
    <div className="problem">
      {/* Another text in between, so that the same failure is said again. */}
      <p role="alert">{state === 'busy' ? 'Trying again…' : text}</p>
      {onRetry !== undefined && (
        <button type="button" onClick={start}>
          Try again
        </button>
      )}
    </div>
  );
}
