/** Stopped: by SIGSTOP. Gone: ended, also while its parent has not noticed yet. */
export type ProcessState = 'running' | 'stopped' | 'gone';

export function stateOf(pid: number): ProcessState;

/** The process and all that descend from it, parents first; empty when it is gone. */
export function processTree(pid: number): readonly number[];

/** SIGSTOP to the process and all its descendants, also those it makes meanwhile. Returns whom it stopped. */
export function stopTree(pid: number): readonly number[];

/** SIGCONT to the process and all its descendants. */
export function continueTree(pid: number): void;

/** SIGKILL to the process and all its descendants, stopped ones too. Returns whom it killed; they may take a moment to go. */
export function killTree(pid: number): readonly number[];
