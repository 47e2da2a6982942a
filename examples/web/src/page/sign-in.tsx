import { Mark } from './icons.js';
import { Problem } from './problem.js';
import type { Person } from './session.js';

interface SignInProps {
  readonly people: readonly Person[];
  readonly failed: boolean;
  readonly onEnter: (id: string) => void;
}

/** The demo's login: everybody is believed. */
export function SignIn({ people, failed, onEnter }: SignInProps) {
  return (
    <main className="sign-in">
      <div className="welcome">
        <Mark />
        <h1>Harbor Desk</h1>
        <p>
          A helpdesk with a reply copilot. What each person gets is decided by Rampart’s gateway: plan, consent,
          automation and emergencies. Open two people side by side and change something.
        </p>
      </div>
      {failed && <Problem text="You could not be signed in. Please try again." />}
      <ul className="people">
        {people.map(({ id, name, company, tier, role, shows }) => (
          <li key={id}>
            <button type="button" className="person" onClick={() => onEnter(id)}>
              <span className="avatar" aria-hidden="true">
                {name[0]}
              </span>
              <span className="about">
                <strong>
                  {name}, {role} at {company}
                </strong>
                <small>{shows}</small>
              </span>
              <span className="plan">{tier}</span>
            </button>
          </li>
        ))}
      </ul>
    </main>
  );
}
