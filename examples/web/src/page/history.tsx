import { type Entry, MOST_ENTRIES } from './gateway-api.js';

const WORDS: Readonly<Record<string, string>> = {
  opt_in: 'turned the copilot on',
  opt_out: 'turned the copilot off',
  unset: 'took the decision back',
  suggestion: 'chose “Suggest”',
  confirmation: 'chose “Ask before sending”',
  autonomous: 'chose “Send by itself”',
};

/** Who changed what, newest first: the control log, as far as it is this tenant's. */
export function History({ entries }: { readonly entries: readonly Entry[] }) {
  return (
    <section className="card history" aria-labelledby="history">
      <h2 id="history">History</h2>
      {entries.length === 0 && <p>Nobody has changed anything yet.</p>}
      <ol>
        {entries.map(({ revision, actor, at, reason, after }) => (
          <li key={revision}>
            <span>
              <strong>{actor ?? 'Somebody'}</strong> {whatOf(after)}
              {reason !== undefined && <small>{reason}</small>}
            </span>
            <time dateTime={new Date(at).toISOString()}>{when.format(at)}</time>
          </li>
        ))}
      </ol>
      {entries.length === MOST_ENTRIES && <p>Older changes are not shown here.</p>}
    </section>
  );
}

const when = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

function whatOf(after: unknown): string {
  const { state, mode } = (after ?? {}) as { readonly state?: string; readonly mode?: string };
  return WORDS[state ?? mode ?? ''] ?? 'changed the settings';
}
