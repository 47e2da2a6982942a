// For users.

// For those who build adapters: flag sources, control sources, doors.
export type { AiNameKind, AiNameSettings } from './ai-name.js';
export { aiNameKind, DEFAULT_PREFIX } from './ai-name.js';
export { isSampled, rolloutBucket } from './bucket.js';
export type { CompileSettings, PayloadReading, RuleEvaluator } from './compile.js';
export { compileFlag, readPayload, revisionOf } from './compile.js';
export { stricterModel } from './consent.js';
export type {
  ConfidenceFloor,
  Consent,
  ConsentState,
  ControlView,
  Kill,
  ModeCap,
  Override,
  Scope,
  SharedControl,
  StoredModel,
  TenantControl,
  UserChoice,
} from './control.js';
export { EMPTY_TENANT, EVERY_CLASS } from './control.js';
export {
  ControlInputError,
  isControlInputError,
  MAX_ID_LENGTH,
  MIN_SECRET_LENGTH,
  readControlChange,
  readId,
} from './control-change.js';
export type {
  ControlLog,
  LogBatch,
  LogEffect,
  LogEntry,
  LogPosition,
  SharedSnapshot,
  TenantSnapshot,
} from './control-log.js';
export { formatRevision, parseRevision } from './control-log.js';
export type { ControlChange, ControlState, SharedChange, TenantChange } from './control-state.js';
export {
  applyControl,
  applyShared,
  applyTenant,
  countOverrides,
  EMPTY_CONTROL,
  EMPTY_SHARED,
  isTenantChange,
  viewOf,
} from './control-state.js';
export type { DecideSettings, VerdictMemo } from './decide.js';
export { DEFAULT_SETTINGS, decide, decideFeature } from './decide.js';
export type { Decision, Gate, Limits, Outcome, Paywall, Revisions, ShadowRun } from './decision.js';
export { GATES, NO_DECISION, readDecision, routeConfidence } from './decision.js';
export type { Explanation, GateReport } from './explain.js';
export { explain } from './explain.js';
export type {
  ChangeFlag,
  DecisionReason,
  Evaluation,
  FeatureFlag,
  Flag,
  FlagSnapshot,
  GatedFlag,
  PlainFlag,
  StageRule,
  Targeting,
  Variant,
} from './flag.js';
export type { DependencyDefinition, FlagDefinition, RuleDefinition, VariantDefinition } from './flag-definition.js';
export { InMemoryControl, type InMemoryControlOptions } from './in-memory-control.js';
export { type InvisibleCharacter, invisibleCharacter } from './invisible.js';
export type { JsonValue } from './json.js';
export { deepFreeze } from './json.js';
export type { Launch, LaunchSettings } from './launch.js';
export { findLaunched } from './launch.js';
export { entriesOf, foldFact, idText, isSafeId } from './list.js';
export type { Bands, Mode, Route } from './modes.js';
export { DEFAULT_BANDS, MODES, ROUTES, routeFor } from './modes.js';
export { type ClockRange, hasEnded, withoutEnded } from './overrides.js';
export type { AccessPolicy, ConsentModel, Fallback, Parsed, Priority, StagePolicy } from './parameters.js';
export { DEFAULT_UNAVAILABLE_MESSAGE, parseAccess, parseStage } from './parameters.js';
export type {
  ControlChanged,
  ControlSource,
  FlagOrigin,
  FlagSource,
  FlagSourceEvent,
  PlainVariant,
  TenantDirectory,
  Usage,
} from './ports.js';
export type { Problem } from './problem.js';
export { describeProblem, problem } from './problem.js';
export { readRecordedChange } from './recorded-change.js';
export type { Replacement } from './replacement.js';
export { replacedBy, takesOverFrom } from './replacement.js';
export { secretText } from './secret.js';
export { type SameChoice, SharedFold, TenantFold } from './snapshot-fold.js';
export type { Stage } from './stages.js';
export { DEFAULT_TIERS, STAGES } from './stages.js';
export type { ParameterDefinition, StrategyDefinition } from './strategy-definitions.js';
export { AI_ACCESS, AI_STAGE } from './strategy-definitions.js';
export type { Attributes, ContextNames, StatedFacts, Subject, TenantFacts } from './subject.js';
export { DEFAULT_CONTEXT_NAMES, readSubject, statesAllFacts, stickyValue, withTenantFacts } from './subject.js';
export { ladderProblem, readTiers, tierRank } from './tiers.js';
export { countChoices, optedOutClasses } from './user-choices.js';
