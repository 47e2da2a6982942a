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
export { createRampart, type Rampart } from './create-rampart.js';
export type { BindingOf, BindingSchema, BindingSchemas, RampartOptions } from './options.js';
