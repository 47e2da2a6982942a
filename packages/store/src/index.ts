// For users.

export type { AuditEntry, EntryKind, EntryPage, EntryQuery } from './api/audit-entry.js';
export {
  ConflictError,
  type CurrentItem,
  isConflictError,
  isReusedIdError,
  ReusedIdError,
} from './api/conflict-error.js';
export type {
  ConsentCount,
  ConsentRecord,
  ControlItem,
  DataSubject,
  ItemKind,
  ItemQuery,
  Write,
} from './api/control-items.js';
export type {
  AuditLog,
  ConsentRepair,
  ControlRecords,
  ControlStore,
  EventStore,
  FlagEditLog,
  Outbox,
  StoreAdministration,
} from './api/control-store.js';
export {
  type ExposurePage,
  type ExposureQuery,
  MAX_EXPOSURES_PER_PAGE,
  type SubjectExposures,
} from './api/exposure.js';
export type { FlagChangeEvent } from './api/flag-change-event.js';
export { isLimitError, LimitError } from './api/limit-error.js';
export type { EventPage, EventQuery, Measurement, RecordedEvents, RecordedMeasurement } from './api/measurement.js';
export type { OutboxTask, OutboxTaskState } from './api/outbox-task.js';
export type { RecordedEntry } from './api/recorded-entry.js';
export type { SecretPeriod } from './api/secret-period.js';
export {
  isOutcomeUnknownError,
  isStoreError,
  OutcomeUnknownError,
  StoreError,
  type StoreErrorKind,
} from './api/store-error.js';
export type { StoreOptions } from './api/store-options.js';
export type { Finding, FindingKind, SignedHead, Verification, VerifyOptions } from './api/verification.js';
export { openStore } from './open-store.js';
export { MAX_CHOICES_PER_TENANT, MAX_CLASSES_PER_TENANT, MAX_OVERRIDES_PER_TENANT } from './state/limits.js';
