import { useMemo, useReducer, useState } from 'react';
import { askFor } from './flags.js';
import { GatewayApi } from './gateway-api.js';
import { Mark } from './icons.js';
import { Inbox } from './inbox.js';
import { withStep } from './replies.js';
import type { Person, Session, Settings } from './session.js';
import { SettingsPage } from './settings-page.js';
import { SignIn } from './sign-in.js';
import { useAction } from './use-action.js';

interface AppProps {
  readonly settings: Settings;
  readonly session: Session;
  /** The address names somebody who could not be signed in. */
  readonly refused: boolean;
}

export function App({ settings, session, refused }: AppProps) {
  const [person, setPerson] = useState(session.person);
  const signIn = useAction(async (id: string) => {
    const entered = await session.signIn(id);
    history.replaceState(null, '', `?as=${entered.id}`);
    void askFor(entered);
    setPerson(entered);
  });
  const leave = (): void => {
    session.signOut();
    void askFor(undefined);
    history.replaceState(null, '', '/');
    setPerson(undefined);
  };
  if (person === undefined) {
    const failed = signIn.state === 'failed' || (refused && signIn.state === 'idle');
    return <SignIn people={settings.people} failed={failed} onEnter={signIn.start} />;
  }
  return <Desk key={person.id} person={person} settings={settings} session={session} onLeave={leave} />;
}

interface DeskProps {
  readonly person: Person;
  readonly settings: Settings;
  readonly session: Session;
  readonly onLeave: () => void;
}

type View = 'inbox' | 'settings';

function Desk({ person, settings, session, onLeave }: DeskProps) {
  const [view, setView] = useState<View>(person.role === 'admin' ? 'settings' : 'inbox');
  const [led, setLed] = useState(false);
  const show = (next: View, leading = false): void => {
    setView(next);
    setLed(leading);
  };
  // Above both views, so that what was sent, undone or begun outlives a look at the other one.
  const [replies, step] = useReducer(withStep, {});
  const api = useMemo(() => new GatewayApi(settings, session, person.tenant), [settings, session, person]);
  return (
    <div className="desk">
      <header className="bar">
        <span className="brand">
          <Mark />
          Harbor Desk
        </span>
        {person.role === 'admin' && <Views view={view} onView={show} />}
        <div className="me">
          <span className="avatar" aria-hidden="true">
            {person.name[0]}
          </span>
          <span className="who">
            <strong>{person.name}</strong>
            <small>
              {person.company} · {person.tier}
            </small>
          </span>
          <button type="button" className="quiet" onClick={onLeave}>
            Switch person
          </button>
        </div>
      </header>
      {view === 'settings' ? (
        <SettingsPage person={person} api={api} session={session} led={led} />
      ) : (
        <Inbox
          person={person}
          api={api}
          session={session}
          replies={replies}
          onStep={step}
          onDecide={() => show('settings', true)}
        />
      )}
    </div>
  );
}

function Views({ view, onView }: { readonly view: View; readonly onView: (view: View) => void }) {
  const entries: readonly (readonly [View, string])[] = [
    ['inbox', 'Inbox'],
    ['settings', 'AI settings'],
  ];
  return (
    <nav aria-label="Pages" className="views">
      {entries.map(([name, label]) => (
        <button key={name} type="button" aria-current={view === name ? 'page' : undefined} onClick={() => onView(name)}>
          {label}
        </button>
      ))}
    </nav>
  );
}
