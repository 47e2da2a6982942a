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
export { type TelemetryOptions, type TrackedEvent, type Tracker, telemetryHook } from '@rampart/openfeature-provider';
export { rampartStrategies } from '@rampart/unleash';
export { createRampart, type Rampart } from './create-rampart.js';
export type { BindingOf, BindingSchema, BindingSchemas, RampartOptions } from './options.js';
