export { ssmClient } from './client.ts'
export { askGate, hasSchema, schemaOf } from './gate/ask.ts'
export { overruled } from './gate/overruled.ts'
export { recordIntent } from './gate/record-intent.ts'
export type { GateAnswer, GateGo, GateImage, GatePurpose, GateQuestion } from './gate/types.ts'
export { decisionText, gateText, liftText, markText, warningText } from './gate/words.ts'
export { type SchemaReader, schemaReader } from './levels/image-schema.ts'
export { type ImageSchema, LABELS, schemaLabels } from './levels/labels.ts'
export { readMigrations } from './levels/read-migrations.ts'
export { type Migration, parseLevel, schemaLevel } from './levels/schema-level.ts'
export { acquireLock, breakLockText, describeHolder, readLock, releaseLock } from './lock/lock.ts'
export type { LockHolder } from './lock/state.ts'
export {
  allOf,
  type Change,
  frozen,
  intentEnded,
  markedBad,
  migrationBegun,
  migrationDone,
  migrationNotStarted,
  migrationTask,
  pardoned,
  releaseBegun,
  releaseCompleted,
  servicesCompleted,
  targetRecorded,
  wayBackBegun,
  wayBackCompleted,
} from './record/changes.ts'
export {
  migrationsStartedBy,
  type RecordKey,
  recordName,
  runName,
  runOrder,
  segment,
  segmentHint,
} from './record/names.ts'
export { readRecord, type StoredRecord, updateRecord } from './record/record.ts'
export {
  badMark,
  goodReleases,
  intentServes,
  isOpen,
  isReleaseOf,
  knownImage,
  wentBackFrom,
} from './record/releases.ts'
export { checkSizeToCome } from './record/size.ts'
export {
  emptyState,
  type Intent,
  type PendingMigration,
  type RecordState,
  type Release,
  type Subject,
} from './record/state.ts'
export { earlierRevisions } from './rollback/ecs-history.ts'
export { previousOf, releasesOfCommit } from './rollback/previous.ts'
