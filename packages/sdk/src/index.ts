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
  type Applied,
  type ControlStore,
  isConflictError,
  isStoreError,
  type Write,
} from '@rampart/store';
export { rampartStrategies } from '@rampart/unleash';
export type { ControlOptions } from './control-options.js';
export { createControl } from './create-control.js';
export { type ControlOf, createRampart, type Rampart } from './create-rampart.js';
export { DurableControl } from './durable-control.js';
export type { BindingOf, BindingSchema, BindingSchemas, RampartOptions } from './options.js';
