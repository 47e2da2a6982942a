// For operators' tools: the command line, the gateway, the controller.
export {
  type AuditEntry,
  type AuditLog,
  type ConsentRecord,
  type ControlItem,
  type ControlRecords,
  type ControlStore,
  type EntryKind,
  type EntryPage,
  type EntryQuery,
  type EventStore,
  type ExposurePage,
  type ExposureQuery,
  type Finding,
  isConflictError,
  isLimitError,
  isOutcomeUnknownError,
  isReusedIdError,
  isStoreError,
  MAX_EXPOSURES_PER_PAGE,
  OutcomeUnknownError,
  ReusedIdError,
  type SecretPeriod,
  type SignedHead,
  type StoreErrorKind,
  type SubjectExposures,
  type Verification,
} from '@rampart/store';
export { type AdminClient, createAdminClient, proxyFetch } from '@rampart/unleash/admin';
export { checkFlagBackup } from '../build-unleash.js';
export type { Patience } from './carry-out.js';
export {
  createFlagEditReader,
  type FlagEditReader,
  type FlagEditReaderOptions,
  type FollowOptions,
} from './flag-edits.js';
export type { FlagOff, OffReason } from './flag-ledger.js';
export type { FlagsOff } from './flags-off.js';
export type { JournalPlace } from './journal.js';
export {
  createKillSwitch,
  type KillOrder,
  type KillSwitch,
  type KillSwitchOptions,
  type ReviveOrder,
} from './kill-switch.js';
export { isKillSwitchError, KillSwitchError } from './kill-switch-error.js';
export type { LiveKill } from './live-kills.js';
export { nearestHint } from './nearest-names.js';
export { placeSchema, scopeSchema } from './order-schemas.js';
export type { OtherPending, Pending, PendingOrder } from './pending.js';
export type { ControlHalf, FlagPlace, HalfReport, HalfState, OrderReport, UnleashHalf } from './report.js';
export type { Resumed, ResumeOptions } from './resume.js';
