// For users.
export { readEnvironment, type Variables } from './environment.js';
export { EXIT, type ExitCode } from './failure.js';
export type { Terminal } from './output/terminal.js';
export { type RunOptions, run } from './run.js';
