// For users.

export type { AuditEntry, EntryKind, EntryPage, EntryQuery } from './audit.js';
export {
  ConflictError,
  type CurrentItem,
  isConflictError,
  isReusedIdError,
  type RecordedEntry,
  ReusedIdError,
} from './conflict-error.js';
export type { ConsentCount } from './consent-counts.js';
export type {
  Applied,
  ConsentRecord,
  ConsentRepair,
  ControlItem,
  ControlStore,
  DataSubject,
  ItemKind,
  ItemQuery,
  StoreOptions,
  TaskList,
  Write,
} from './control-store.js';
export { type ExposurePage, type ExposureQuery, MAX_EXPOSURES_PER_PAGE, type SubjectExposures } from './exposure.js';
export type { FlagEdit } from './flag-edit.js';
export { isLimitError, LimitError } from './limit-error.js';
export { MAX_CHOICES_PER_TENANT, MAX_CLASSES_PER_TENANT, MAX_OVERRIDES_PER_TENANT } from './limits.js';
export type { EventPage, EventQuery, Measurement, RecordedEvents, RecordedMeasurement } from './measurement.js';
export { openStore } from './open-store.js';
export type { SecretPeriod } from './secret-periods.js';
export {
  isOutcomeUnknownError,
  isStoreError,
  OutcomeUnknownError,
  StoreError,
  type StoreErrorKind,
} from './store-error.js';
export type { Task, TaskState } from './task.js';
export type { Finding, FindingKind, SignedHead, Verification, VerifyOptions } from './verification.js';
