import { useCallback, useEffect, useState } from 'react';
import type { GatewayApi, TenantSettings } from './gateway-api.js';
import { isConflict } from './request.js';

/** Why the settings are not what somebody wanted, or not known. */
interface SettingsProblem {
  readonly kind: 'unread' | 'unsaved';
  readonly text: string;
}

interface TenantSettingsState {
  /** As last read. */
  readonly settings: TenantSettings | undefined;
  readonly problem: SettingsProblem | undefined;
  readonly busy: boolean;
  readonly load: () => Promise<void>;
  /** Saves, and reads what counts now, whether or not it could be saved. */
  readonly change: (save: () => Promise<void>) => void;
}

export function useTenantSettings(api: GatewayApi): TenantSettingsState {
  const [settings, setSettings] = useState<TenantSettings>();
  const [problem, setProblem] = useState<SettingsProblem>();
  const [busy, setBusy] = useState(true);
  /** Gives what went wrong. */
  const read = useCallback(async () => {
    const next = await api.settings().catch(() => undefined);
    if (next !== undefined) setSettings(next);
    return next === undefined ? UNREAD : undefined;
  }, [api]);
  const load = useCallback(async () => {
    setBusy(true);
    setProblem(await read());
    setBusy(false);
  }, [read]);
  useEffect(() => void load(), [load]);
  const change = async (save: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    const unsaved = await save().then(() => undefined, unsavedFor);
    const unread = await read();
    setProblem(unsaved ?? unread);
    setBusy(false);
  };
  return { settings, problem, busy, load, change: (save) => void change(save) };
}

const UNREAD: SettingsProblem = { kind: 'unread', text: 'The settings could not be read.' };

function unsavedFor(error: Error): SettingsProblem {
  const text = isConflict(error)
    ? 'Somebody else changed the settings since you opened them. Nothing of yours was saved: look at what counts now, then decide.'
    : `That could not be saved. ${error.message}`;
  return { kind: 'unsaved', text };
}
