import { useEffect, useRef, useState } from 'react';
import type { GatewayApi, Mode, TenantSettings } from './gateway-api.js';
import { History } from './history.js';
import { Problem } from './problem.js';
import type { Person, Session } from './session.js';
import { useTenantSettings, type Wishes } from './tenant-settings.js';

interface SettingsPageProps {
  readonly person: Person;
  readonly api: GatewayApi;
  readonly session: Session;
  /** Somebody was led here by a button that is gone now: the focus goes on from the title. */
  readonly led: boolean;
}

/** What a tenant's admin decides: whether there is AI at all, and how far it goes. */
export function SettingsPage({ person, api, session, led }: SettingsPageProps) {
  const { settings, wishes, problem, busy, load, change } = useTenantSettings(api);
  const asker = useAsker(session);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (led) title.current?.focus();
  }, [led]);
  return (
    <main className="settings" aria-busy={busy}>
      <header>
        <h1 ref={title} tabIndex={-1}>
          AI settings
        </h1>
        <p>For everyone at {person.company}. Changes count at once, in every open tab.</p>
      </header>
      {problem !== undefined && <Problem text={problem.text} onRetry={problem.kind === 'unread' ? load : undefined} />}
      {asker !== undefined && settings?.untouched && (
        <p className="asked">{asker} would like to use the copilot and asks you to decide.</p>
      )}
      {settings !== undefined && (
        <>
          <Consent settings={settings} wishes={wishes} onChange={change} />
          <Automation settings={settings} wishes={wishes} onChange={change} />
          <History entries={settings.history} />
        </>
      )}
    </main>
  );
}

function useAsker(session: Session): string | undefined {
  const [asker, setAsker] = useState<string>();
  useEffect(() => {
    session.ask<{ readonly from: string | null }>('/demo/asks').then(
      ({ from }) => setAsker(from ?? undefined),
      () => {},
    );
  }, [session]);
  return asker;
}

interface ControlProps {
  readonly settings: TenantSettings;
  readonly wishes: Wishes;
  readonly onChange: (wish: Wishes) => void;
}

/** Shows what is saved, and until then takes nothing else. Disabled, it would lose the focus. */
function Consent({ settings: { agreed, untouched }, wishes, onChange }: ControlProps) {
  const saving = wishes.agreed !== undefined;
  const state = agreed ? 'On' : untouched ? 'Not decided' : 'Off';
  return (
    <section className="card consent" aria-labelledby="consent">
      <div>
        <h2 id="consent">Reply copilot</h2>
        <p id="consent-about">
          Reads the ticket that is open and drafts a reply. Tickets are not used to train models.
        </p>
      </div>
      <div className="switch-line">
        <span aria-hidden="true">{state}</span>
        <button
          type="button"
          role="switch"
          className="switch"
          aria-checked={agreed}
          aria-labelledby="consent"
          aria-describedby="consent-about"
          aria-disabled={saving}
          onClick={() => {
            if (!saving) onChange({ agreed: !agreed });
          }}
        >
          <span className="knob" />
        </button>
      </div>
    </section>
  );
}

const MODES: readonly (readonly [Mode, string, string])[] = [
  ['suggestion', 'Suggest', 'People read every draft and insert it themselves.'],
  ['confirmation', 'Ask before sending', 'One click sends a draft that the copilot is sure about.'],
  ['autonomous', 'Send by itself', 'What it is very sure about goes out at once, with undo.'],
];

/** Shows what is chosen, saved or not: with arrow keys somebody chooses each mode on the way. */
function Automation({ settings: { agreed, mode }, wishes, onChange }: ControlProps) {
  const chosen = wishes.mode ?? mode ?? 'autonomous';
  return (
    <fieldset className="card automation" disabled={!agreed}>
      <legend>
        <h2>How much it may do</h2>
      </legend>
      {MODES.map(([value, label, about]) => (
        <label key={value} className={value === wishes.mode ? 'choice saving' : 'choice'}>
          <input
            type="radio"
            name="mode"
            value={value}
            checked={value === chosen}
            onChange={() => onChange({ mode: value })}
          />
          <span>
            <strong>{label}</strong>
            <small>{about}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
