export { ssmClient } from './client.ts'
export { type Admission, type AdmissionQuestion, admission, comesBefore, runOrder } from './guard/admission.ts'
export { appliedMigrations, begunMigrations } from './guard/applied.ts'
export { askGuard, type GuardRequest, schemaOf } from './guard/ask.ts'
export { type GuardAnswer, type GuardPurpose, type GuardQuestion, guard, type RefusalReason } from './guard/guard.ts'
export { overruledText } from './guard/overruled.ts'
export { liftText } from './guard/texts.ts'
export { compareLevels, type LevelComparison, type LevelRelation } from './levels/compare.ts'
export { type SchemaReader, schemaReader } from './levels/image-schema.ts'
export {
  decodeMigrations,
  encodeMigrations,
  type ImageSchema,
  LABELS,
  noSchema,
  schemaFromLabels,
  schemaLabels,
} from './levels/labels.ts'
export { isMigration, readMigrations } from './levels/read-migrations.ts'
export {
  compareNames,
  type Migration,
  noLevel,
  parseLevel,
  type SchemaLevel,
  schemaLevel,
  sortMigrations,
} from './levels/schema-level.ts'
export {
  acquireLock,
  breakLockText,
  describeHolder,
  type LockRequest,
  type LockResult,
  releaseLock,
} from './lock/lock.ts'
export { readLock } from './lock/read.ts'
export type { LockHolder } from './lock/state.ts'
export {
  allOf,
  attemptCompleted,
  attemptOverruled,
  attemptServes,
  type Change,
  frozen,
  markedBad,
  migrationBegun,
  migrationDone,
  migrationNotStarted,
  migrationTask,
  pardoned,
  releaseBegun,
  releaseCompleted,
  releaseEnded,
  rolledBackTo,
  serviceDeployed,
  snapshotTaken,
  thawed,
} from './record/changes.ts'
export { lockName, migrationsStartedBy, recordName, segment, segmentHint } from './record/names.ts'
export { readRecord, type StoredRecord, updateRecord } from './record/record.ts'
export { checkRoom } from './record/room.ts'
export { runName } from './record/run.ts'
export {
  type Attempt,
  type BadDigest,
  emptyState,
  type Freeze,
  type PendingMigration,
  type RecordedSchema,
  type RecordState,
  type Release,
  type Snapshot,
} from './record/state.ts'
export {
  earlierRevisions,
  type PastDeployment,
  type PresentService,
  releasesOfCommit,
  rollbackCandidates,
  takenBackAlready,
} from './rollback/target.ts'
