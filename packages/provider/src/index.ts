// For users.
export {
  type AiAnswer,
  type Answer,
  type AnswerOptions,
  type MissingAnswer,
  type PlainAnswer,
  typedValue,
  type ValueType,
} from './answer.js';
export { EvaluationEngine } from './evaluation-engine.js';
export { FinalStartError } from './final-start-error.js';
export type { Inputs } from './inputs.js';
export { metadataOf } from './metadata.js';
export { DEFAULT_INIT_TIMEOUT_MS, DEFAULT_STALE_AFTER_MS, type RampartProviderOptions } from './options.js';
export type { Reading } from './payload.js';
export { RampartProvider } from './provider.js';
export type { Reason } from './resolution.js';
export { type EvaluationRecord, type EvaluationSpan, type TelemetryOptions, telemetryHook } from './telemetry.js';
export type { DirectoryOptions } from './tenant-facts-cache.js';
export type { TrackedEvent, Tracker } from './tracking.js';
