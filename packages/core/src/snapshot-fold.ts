import type {
  ConfidenceFloor,
  Consent,
  Kill,
  ModeCap,
  Override,
  SharedControl,
  StoredModel,
  TenantControl,
  UserChoice,
} from './control.js';
import type { SharedChange, TenantChange } from './control-state.js';
import type { Bands, Mode } from './modes.js';
import { changedChoices, singleChoice } from './user-choices.js';

/** One choice of many users. */
export interface SameChoice {
  readonly users: readonly string[];
  readonly featureClass: string;
  readonly choice: UserChoice;
}

/**
 * Folds all that is recorded about one tenant. Equals `applyTenant` change by change, without a state in between, so that
 * a large tenant can be folded in parts. To be dropped once its result was read.
 */
export class TenantFold {
  readonly #consents = new Map<string, Consent>();
  readonly #users = new Map<string, ReadonlyMap<string, UserChoice>>();
  #overrides: Map<string, Override> | undefined;
  #mode: Mode | undefined;
  #bands: Partial<Bands> | undefined;

  add(change: TenantChange): void {
    switch (change.kind) {
      case 'consent':
        this.#consents.set(change.featureClass, change.consent);
        return;
      case 'choice': {
        const { user, featureClass, choice } = change;
        const choices = changedChoices(this.#users.get(user), featureClass, choice);
        if (choices === undefined) this.#users.delete(user);
        else this.#users.set(user, choices);
        return;
      }
      case 'preference':
        this.#mode = change.mode;
        this.#bands = change.bands;
        return;
      case 'override':
        this.#overrides ??= new Map();
        putLast(this.#overrides, change.override);
        return;
      case 'lift_override':
        this.#overrides?.delete(change.id);
    }
  }

  /** Adds the same choice of many users. Equals adding their changes one after the other. */
  addChoices({ users, featureClass, choice }: SameChoice): void {
    const single = singleChoice(featureClass, choice);
    for (const user of users) {
      const own = this.#users.get(user);
      this.#users.set(user, (own && changedChoices(own, featureClass, choice)) ?? single);
    }
  }

  get result(): TenantControl {
    const tenant = { consents: this.#consents, users: this.#users, mode: this.#mode, bands: this.#bands };
    return this.#overrides === undefined ? tenant : { ...tenant, overrides: [...this.#overrides.values()] };
  }
}

/** Folds all that is recorded and no tenant's own. Equals `applyShared` change by change. */
export class SharedFold {
  readonly #models = new Map<string, StoredModel>();
  readonly #kills = new Map<string, Kill>();
  readonly #modeCaps = new Map<string, ModeCap>();
  readonly #confidenceFloors = new Map<string, ConfidenceFloor>();
  readonly #calibrations = new Map<string, number>();

  add(change: SharedChange): void {
    switch (change.kind) {
      case 'model':
        this.#models.set(change.featureClass, change.model);
        return;
      case 'kill':
        putLast(this.#kills, change.kill);
        return;
      case 'cap':
        putLast(this.#modeCaps, change.cap);
        return;
      case 'floor':
        putLast(this.#confidenceFloors, change.floor);
        return;
      case 'revive':
        this.#kills.delete(change.id);
        return;
      case 'lift_cap':
        this.#modeCaps.delete(change.id);
        return;
      case 'lift_floor':
        this.#confidenceFloors.delete(change.id);
        return;
      case 'calibration':
        this.#calibrations.set(change.change, change.error);
    }
  }

  get result(): SharedControl {
    return {
      models: this.#models,
      kills: [...this.#kills.values()],
      modeCaps: [...this.#modeCaps.values()],
      confidenceFloors: [...this.#confidenceFloors.values()],
      calibrations: this.#calibrations,
    };
  }
}

function putLast<T extends { readonly id: string }>(entries: Map<string, T>, entry: T): void {
  entries.delete(entry.id);
  entries.set(entry.id, entry);
}
