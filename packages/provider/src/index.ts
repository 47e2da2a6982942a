// For users.
export type { AiAnswer, Answer, AnswerOptions, MissingAnswer, PlainAnswer } from './answer.js';
export { metadataOf } from './metadata.js';
export { DEFAULT_INIT_TIMEOUT, DEFAULT_STALE_AFTER, type RampartProviderOptions } from './options.js';
export { RampartProvider } from './provider.js';
export type { Reason } from './resolution.js';
export { type EvaluationRecord, type EvaluationSpan, type TelemetryOptions, telemetryHook } from './telemetry.js';
export type { TrackedEvent, Tracker } from './tracking.js';
