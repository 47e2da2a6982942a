export { type AddParentOptions, addParent, planAddParent } from './add-parent.js';
export {
  AdminApiError,
  type AdminApiErrorKind,
  type AdminApiErrorOptions,
  isAdminApiError,
} from './admin-api-error.js';
export { type AdminClient, type AdminClientOptions, createAdminClient } from './admin-client.js';
export type { ConnectionOptions } from './admin-request.js';
export type {
  AdminEvent,
  AdminFlag,
  Application,
  Constraint,
  ContextField,
  FlagDependency,
  FlagEnvironment,
  InstalledStrategy,
  InstanceInfo,
  LegalValue,
  ListedFlag,
  NewRule,
  Rule,
  RuleVariant,
  Segment,
} from './admin-types.js';
export type { ApplicationEndpoints } from './application-endpoints.js';
export type { NewVariant } from './change-variants.js';
export type { ContextFieldOptions, FieldFact } from './context-fields.js';
export { applyPlan, type CreationPlan, type CreationStep, describeStep } from './creation.js';
export {
  type AdminFlagDefinition,
  type AdminRuleDefinition,
  type DefinitionQuery,
  fetchDefinitions,
} from './definitions.js';
export type {
  FlagEndpoints,
  FlagEnvironmentReference,
  FlagReference,
  NewFlag,
  RuleReference,
} from './flag-endpoints.js';
export {
  applyInstall,
  describeInstall,
  type InstallOptions,
  type InstallStrategiesOptions,
  installStrategies,
  planInstall,
} from './install.js';
export type { ContextFieldAction, InstallAction, StrategyAction } from './install-plan.js';
export type { EventQuery, InstanceEndpoints } from './instance-endpoints.js';
export { type LintFinding, type LintOptions, lint } from './lint.js';
export { type NewChangeOptions, newChange, planNewChange } from './new-change.js';
export { type NewFeatureOptions, newFeature, planNewFeature } from './new-feature.js';
export { type PreviewOptions, type PreviewRow, preview } from './preview.js';
export { proxyFetch } from './proxy-fetch.js';
export type { ParameterValues } from './rule-parameters.js';
export { OLDEST_SERVER, requireServer } from './server-version.js';
export type { WiderStage } from './stage-step.js';
export { findWidenEvent, planWiden, type WidenEvent, type WidenOptions, type WidenPlan, widen } from './widen.js';
