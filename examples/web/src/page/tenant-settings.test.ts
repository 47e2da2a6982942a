import { expect, it } from 'vitest';
import type { Mode, TenantSettings } from './gateway-api.js';
import { SettingsForm } from './tenant-settings.js';

const FIRST: TenantSettings = {
  agreed: true,
  untouched: false,
  mode: 'suggestion',
  history: [],
  read: { consent: 'c.1', preferences: { revision: 'p.1' } },
};

/** A gateway that answers each request when it is told to. */
function heldGateway(first = FIRST) {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const held = async (what: string): Promise<void> => {
    asked.push(what);
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  let kept = first;
  const write = async (what: string, expected: string | undefined, next: Partial<TenantSettings>) => {
    await held(`${what} of ${expected}`);
    kept = { ...kept, ...next };
    return kept;
  };
  const api = {
    settings: () => held('read').then(() => kept),
    agree: (agreed: boolean, { read }: TenantSettings) => write(`agreed ${agreed}`, read.consent, { agreed }),
    choose: (mode: Mode, { read }: TenantSettings) =>
      write(mode, read.preferences.revision, { mode, read: { ...read, preferences: { revision: mode } } }),
  };
  /** Answers what is asked now, and waits for the page to go on. */
  const answer = async (): Promise<void> => {
    await turn();
    waiting.shift()?.();
    await turn();
  };
  return { api, asked, answer, elsewhere: (next: Partial<TenantSettings>) => void (kept = { ...kept, ...next }) };
}

const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));

async function openForm() {
  const gateway = heldGateway();
  const form = new SettingsForm(gateway.api);
  void form.load();
  await gateway.answer();
  gateway.asked.length = 0;
  return { form, ...gateway };
}

it('sends what is chosen while something is saved after it, for each control the last choice', async () => {
  const { form, asked, answer } = await openForm();
  form.change({ mode: 'confirmation' });
  form.change({ mode: 'autonomous' });
  form.change({ mode: 'suggestion' });
  form.change({ agreed: false });
  expect(form.state()).toMatchObject({ busy: true, wishes: { mode: 'suggestion', agreed: false } });
  for (let times = 0; times < 4; times += 1) await answer();
  expect(asked).toEqual(['confirmation of p.1', 'agreed false of c.1', 'suggestion of confirmation', 'read']);
  expect(form.state()).toMatchObject({ busy: false, settings: { agreed: false, mode: 'suggestion' } });
  expect(form.state().wishes).toEqual({});
});

it('bases a choice on what was shown, not on what was read while it was made', async () => {
  const { form, asked, answer, elsewhere } = await openForm();
  form.change({ mode: 'confirmation' });
  await answer();
  elsewhere({ read: { consent: 'c.1', preferences: { revision: 'of somebody else' } } });
  form.change({ mode: 'autonomous' });
  await answer();
  expect(asked).toEqual(['confirmation of p.1', 'read', 'autonomous of confirmation']);
});

it('says so once where something could not be saved, and shows what counts', async () => {
  const gateway = heldGateway();
  const api = { ...gateway.api, choose: () => Promise.reject(new Error('No answer came.')) };
  const form = new SettingsForm(api);
  void form.load();
  await gateway.answer();
  form.change({ mode: 'confirmation' });
  form.change({ mode: 'autonomous' });
  await gateway.answer();
  await gateway.answer();
  expect(form.state()).toEqual({
    busy: false,
    wishes: {},
    settings: FIRST,
    problem: { kind: 'unsaved', text: 'That could not be saved. No answer came.' },
  });
  expect(gateway.asked).toEqual(['read', 'read']);
});
