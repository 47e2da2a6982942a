import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Session } from './session.js';

/** Answers to sign-in, given by hand. */
let answers: Map<string, () => void>;
/** Whom sign-in answers at once. */
let direct: Set<string>;

beforeEach(() => {
  answers = new Map();
  direct = new Set(['ana', 'bo']);
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    const { person } = JSON.parse(String(init.body)) as { readonly person: string };
    if (!direct.has(person)) await new Promise<void>((resolve) => void answers.set(person, resolve));
    return Response.json({ person: { id: person }, token: `${person}'s at ${Date.now()}` });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Ana is signed in, her token is about to end, and the answer to its renewal is under way. */
async function renewing() {
  vi.setSystemTime(0);
  const session = new Session();
  await session.signIn('ana');
  vi.setSystemTime(590_000);
  direct.delete('ana');
  const token = session.token();
  return { session, token, answer: () => answers.get('ana')?.() };
}

describe('while a token is renewed', () => {
  it('its owner may sign out, and stays signed out', async () => {
    const { session, token, answer } = await renewing();
    session.signOut();
    answer();
    expect(await token).toBeUndefined();
    expect(session.person).toBeUndefined();
  });

  it('somebody else may sign in, and sends a token of their own', async () => {
    const { session, token, answer } = await renewing();
    session.signOut();
    await session.signIn('bo');
    answer();
    await token;
    expect(await session.token()).toBe("bo's at 590000");
    expect(session.person).toEqual({ id: 'bo' });
  });

  it('its owner gets the new one', async () => {
    const { token, answer } = await renewing();
    answer();
    expect(await token).toBe("ana's at 590000");
  });
});

it.each([
  ['a refusal in its own words', () => Response.json({ detail: 'not yours' }, { status: 403 }), 'not yours', 403],
  ['a refusal without a body', () => new Response(null, { status: 401 }), 'The answer was 401.', 401],
  ['no answer', () => Promise.reject(new TypeError('Failed to fetch')), 'No answer came.', undefined],
])('says of %s what it was', async (_what, respond, message, status) => {
  vi.stubGlobal('fetch', async () => respond());
  await expect(new Session().ask('/somewhere')).rejects.toMatchObject({ name: 'RequestError', message, status });
});
