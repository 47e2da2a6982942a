import type { AdminClient, AdminEvent, AdminFlag, FlagEnvironment, Rule } from '@rampart/unleash/admin';

/** The part of Unleash's admin API that switches flags, in memory, for what a real one can't be made to do. */
export class UnleashInMemory {
  /** Thrown by the next calls, if set. */
  down: Error | undefined;
  /** Called when a flag has been switched, for what happens between two requests. */
  afterSwitch: (flag: string, environment: string, enabled: boolean) => void | Promise<void> = () => {};
  readonly calls: string[] = [];
  readonly #flags = new Map<string, AdminFlag>();
  readonly #events: AdminEvent[] = [];

  /** Environments are on, off, or off with nothing but disabled rules. */
  add(name: string, environments: Readonly<Record<string, 'on' | 'off' | 'no rules'>>, project = 'default'): this {
    const states = Object.entries(environments).map(([environment, state]) => ({
      name: environment,
      enabled: state === 'on',
      strategies: [rule(state === 'no rules')],
    }));
    const rest = { type: 'kill-switch', description: '', archived: false, stale: false, impressionData: false };
    this.#flags.set(name, { name, project, environments: states, dependencies: [], children: [], ...rest });
    return this;
  }

  isOn(flag: string, environment: string): boolean | undefined {
    return this.#flags.get(flag)?.environments.find(({ name }) => name === environment)?.enabled;
  }

  /** Switches a flag as an operator does in Unleash's UI. */
  toggle(flag: string, environment: string, enabled: boolean, createdBy = 'kim'): void {
    const type = `feature-environment-${enabled ? 'enabled' : 'disabled'}`;
    const id = this.#events.length + 1;
    this.#events.push({ id, type, createdBy, createdAt: '2026-11-30T03:00:00.000Z', featureName: flag, environment });
    const found = this.#flags.get(flag);
    if (found === undefined) throw new Error(`no flag ${flag}`);
    const environments = found.environments.map(
      (one): FlagEnvironment => (one.name === environment ? { ...one, enabled } : one),
    );
    this.#flags.set(flag, { ...found, environments });
  }

  get client(): AdminClient {
    const find = async ({ flag, project = 'default' }: { flag: string; project?: string }) => {
      if (this.down !== undefined) throw this.down;
      const found = this.#flags.get(flag);
      return found?.project === project ? found : undefined;
    };
    const toggle = async (to: { flag: string; environment: string }, enabled: boolean): Promise<void> => {
      if (this.down !== undefined) throw this.down;
      this.calls.push(`${enabled ? 'on' : 'off'} ${to.flag} ${to.environment}`);
      this.toggle(to.flag, to.environment, enabled, 'rampart');
      await this.afterSwitch(to.flag, to.environment, enabled);
    };
    const parts = {
      project: 'default',
      flags: {
        find,
        get: find,
        switchOn: (to: { flag: string; environment: string }) => toggle(to, true),
        switchOff: (to: { flag: string; environment: string }) => toggle(to, false),
      },
      events: {
        list: async ({ feature }: { feature?: string } = {}) => {
          if (this.down !== undefined) throw this.down;
          return this.#events.filter(({ featureName }) => featureName === feature).toReversed();
        },
      },
      projects: { list: async () => ['default', 'other'] },
    };
    return parts as unknown as AdminClient;
  }
}

function rule(disabled: boolean): Rule {
  const lists = { constraints: [], segments: [], variants: [] };
  return { id: '1', name: 'aiAccess', title: '', disabled, parameters: {}, ...lists, sortOrder: 0 };
}
