// For users.
export type {
  Attributes,
  Bands,
  ControlChange,
  ControlSource,
  Decision,
  Explanation,
  GateReport,
  Mode,
  Outcome,
  Route,
  Stage,
  TenantDirectory,
  TenantFacts,
} from '@rampart/core';
export { InMemoryControl, readDecision, routeConfidence } from '@rampart/core';
export {
  type AiAnswer,
  type Answer,
  type AnswerOptions,
  type Inputs,
  type MissingAnswer,
  metadataOf,
  type PlainAnswer,
  type Reading,
  type Reason,
  type TelemetryOptions,
  type TrackedEvent,
  type Tracker,
  telemetryHook,
  typedValue,
  type ValueType,
} from '@rampart/openfeature-provider';
export {
  type ConsentRecord,
  type ConsentRepair,
  type ControlItem,
  type ControlStore,
  type EventPage,
  type EventQuery,
  isConflictError,
  isLimitError,
  isOutcomeUnknownError,
  isReusedIdError,
  isStoreError,
  type Measurement,
  OutcomeUnknownError,
  type RecordedEntry,
  type RecordedEvents,
  type RecordedMeasurement,
  ReusedIdError,
  StoreError,
  type Write,
} from '@rampart/store';
export { rampartStrategies } from '@rampart/unleash';
export {
  type Call,
  type CallAllowance,
  type CallLimiter,
  type CallLimiterOptions,
  createCallLimiter,
} from './call-limiter.js';
export type { ControlOptions } from './control-options.js';
export { createControl } from './create-control.js';
export { type ControlOf, createRampart, type Rampart } from './create-rampart.js';
export { DurableControl } from './durable-control.js';
export type { BindingOf, BindingSchema, BindingSchemas, RampartOptions } from './options.js';
