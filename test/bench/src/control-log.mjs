import { applyControl, EMPTY_CONTROL, EMPTY_TENANT } from '@rampart/core';

/** A control log in memory: what a cache costs by itself, without the database behind it. */
export class ListLog {
  #epoch = '00000000000000be';
  #state;

  /** @param {readonly import('@rampart/core').ControlChange[]} changes what was recorded before */
  constructor(changes) {
    this.#state = changes.reduce(applyControl, EMPTY_CONTROL);
  }

  get position() {
    return { epoch: this.#epoch, position: this.#state.position };
  }

  async readLog(after) {
    const head = this.#state.position;
    const entries = Array.from({ length: head - after }, (_, index) => ({
      position: after + index + 1,
      effect: { kind: 'none' },
    }));
    return { epoch: this.#epoch, head, entries, now: Date.now() };
  }

  async readTenant(tenantId) {
    return { ...this.position, tenant: this.#state.tenants.get(tenantId) ?? EMPTY_TENANT };
  }

  async readShared() {
    const { position: _, tenants: __, ...shared } = this.#state;
    return { ...this.position, shared };
  }
}
