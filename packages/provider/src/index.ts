// For users.
export { DEFAULT_INIT_TIMEOUT, DEFAULT_STALE_AFTER, type RampartProviderOptions } from './options.js';
export { RampartProvider } from './provider.js';
export { type EvaluationRecord, type EvaluationSpan, type TelemetryOptions, telemetryHook } from './telemetry.js';
export type { TrackedEvent, Tracker } from './tracking.js';
