import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { GatewayApi, Mode, TenantSettings } from './gateway-api.js';
import { isConflict } from './request.js';

/** Why the settings are not what somebody wanted, or not known. */
interface SettingsProblem {
  readonly kind: 'unread' | 'unsaved';
  readonly text: string;
}

/** Chosen, and not saved yet. */
export interface Wishes {
  readonly agreed?: boolean | undefined;
  readonly mode?: Mode | undefined;
}

interface TenantSettingsState {
  /** As last read or saved. */
  readonly settings: TenantSettings | undefined;
  readonly wishes: Wishes;
  readonly problem: SettingsProblem | undefined;
  readonly busy: boolean;
}

/** Reads the settings, and saves what is chosen: one change after the other, for each control the last one. */
export class SettingsForm {
  readonly #api: Pick<GatewayApi, 'settings' | 'agree' | 'choose'>;
  readonly #heard = new Set<() => void>();
  #state: TenantSettingsState = { settings: undefined, wishes: {}, problem: undefined, busy: true };
  #work: Promise<void> | undefined;

  constructor(api: Pick<GatewayApi, 'settings' | 'agree' | 'choose'>) {
    this.#api = api;
  }

  readonly state = (): TenantSettingsState => this.#state;

  readonly subscribe = (hear: () => void): (() => void) => {
    this.#heard.add(hear);
    return () => this.#heard.delete(hear);
  };

  /** Reads what counts, after all that is chosen has been saved. */
  readonly load = (): Promise<void> => {
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined;
    });
    return this.#work;
  };

  /** Saves, and reads what counts now, whether or not it could be saved. */
  readonly change = (wish: Wishes): void => {
    this.#set({ wishes: { ...this.#state.wishes, ...wish }, problem: undefined });
    void this.load();
  };

  async #run(): Promise<void> {
    this.#set({ busy: true });
    let unsaved: SettingsProblem | undefined;
    let read: TenantSettings | undefined;
    // Who chose something meanwhile has not seen what was read: it is not what the choice is made of.
    do {
      unsaved = (await this.#save()) ?? unsaved;
      read = await this.#api.settings().catch(() => undefined);
    } while (isWaiting(this.#state.wishes));
    const problem = unsaved ?? (read === undefined ? UNREAD : undefined);
    this.#set({ ...(read && { settings: read }), problem, busy: false });
  }

  /** Gives what went wrong; what was chosen beside it is not saved either, because one notice is about all of it. */
  async #save(): Promise<SettingsProblem | undefined> {
    try {
      for (;;) {
        const { settings, wishes } = this.#state;
        if (settings === undefined || !isWaiting(wishes)) return undefined;
        const { agreed, mode } = wishes;
        if (agreed !== undefined) this.#saved(await this.#api.agree(agreed, settings), { agreed });
        else if (mode !== undefined) this.#saved(await this.#api.choose(mode, settings), { mode });
      }
    } catch (error) {
      this.#set({ wishes: {} });
      return unsavedFor(error as Error);
    }
  }

  #saved(settings: TenantSettings, { agreed, mode }: Wishes): void {
    const { wishes } = this.#state;
    const left = {
      agreed: wishes.agreed === agreed ? undefined : wishes.agreed,
      mode: wishes.mode === mode ? undefined : wishes.mode,
    };
    this.#set({ settings, wishes: left });
  }

  #set(part: Partial<TenantSettingsState>): void {
    this.#state = { ...this.#state, ...part };
    for (const hear of this.#heard) hear();
  }
}

interface UsedTenantSettings extends TenantSettingsState {
  readonly load: () => Promise<void>;
  readonly change: (wish: Wishes) => void;
}

export function useTenantSettings(api: GatewayApi): UsedTenantSettings {
  const form = useMemo(() => new SettingsForm(api), [api]);
  useEffect(() => void form.load(), [form]);
  const state = useSyncExternalStore(form.subscribe, form.state);
  return { ...state, load: form.load, change: form.change };
}

const isWaiting = ({ agreed, mode }: Wishes): boolean => agreed !== undefined || mode !== undefined;

const UNREAD: SettingsProblem = { kind: 'unread', text: 'The settings could not be read.' };

function unsavedFor(error: Error): SettingsProblem {
  const text = isConflict(error)
    ? 'Somebody else changed the settings since you opened them. Nothing of yours was saved: look at what counts now, then decide.'
    : `That could not be saved. ${error.message}`;
  return { kind: 'unsaved', text };
}
