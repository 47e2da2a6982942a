import { useMemo, useState } from 'react';
import { askFor } from './flags.js';
import { GatewayApi } from './gateway-api.js';
import { Mark } from './icons.js';
import { Inbox } from './inbox.js';
import type { Person, Session, Settings } from './session.js';
import { SettingsPage } from './settings-page.js';
import { SignIn } from './sign-in.js';

export function App({ settings, session }: { readonly settings: Settings; readonly session: Session }) {
  const [person, setPerson] = useState(session.person);
  const enter = async (id: string): Promise<void> => {
    const entered = await session.signIn(id);
    history.replaceState(null, '', `?as=${entered.id}`);
    void askFor(entered);
    setPerson(entered);
  };
  const leave = (): void => {
    session.signOut();
    void askFor(undefined);
    history.replaceState(null, '', '/');
    setPerson(undefined);
  };
  if (person === undefined) return <SignIn people={settings.people} onEnter={(id) => void enter(id)} />;
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
  const api = useMemo(() => new GatewayApi(settings, session, person.tenant), [settings, session, person]);
  return (
    <div className="desk">
      <header className="bar">
        <span className="brand">
          <Mark />
          Harbor Desk
        </span>
        {person.role === 'admin' && <Views view={view} onView={setView} />}
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
        <SettingsPage person={person} api={api} session={session} />
      ) : (
        <Inbox person={person} api={api} session={session} />
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
