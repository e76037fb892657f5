export { ssmClient } from './client.ts'
export { askGate, hasSchema, schemaOf } from './gate/ask.ts'
export { decisionText, type Overruled, type OverruledQuestion, overruled } from './gate/overruled.ts'
export { type IntentAnswer, recordIntent } from './gate/record-intent.ts'
export type { GateAnswer, GateImage, GatePurpose, GateQuestion, GateRefusal, GateWarning } from './gate/types.ts'
export { gateText, liftText, markText, warningText } from './gate/words.ts'
export { type SchemaReader, schemaReader } from './levels/image-schema.ts'
export { type ImageSchema, LABELS, schemaLabels } from './levels/labels.ts'
export { readMigrations } from './levels/read-migrations.ts'
export { type Migration, parseLevel, schemaLevel } from './levels/schema-level.ts'
export { acquireLock, breakLockText, describeHolder, releaseLock } from './lock/lock.ts'
export { readLock } from './lock/read.ts'
export type { LockHolder } from './lock/state.ts'
export {
  allOf,
  type Change,
  frozen,
  intentEnded,
  isUnfinishedWayBack,
  markedBad,
  migrationBegun,
  migrationDone,
  migrationNotStarted,
  migrationTask,
  pardoned,
  type ReleaseStart,
  releaseBegun,
  releaseCompleted,
  servicesCompleted,
  snapshotTaken,
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
export { type RecordStore, readRecord, type StoredRecord, updateRecord } from './record/record.ts'
export { badMark, goodReleases, intentServes, isOpen, isReleaseOf, knownImage, leaves } from './record/releases.ts'
export { checkSizeToCome } from './record/size.ts'
export {
  type BadMark,
  emptyState,
  type Freeze,
  type Intent,
  type PendingMigration,
  type RecordState,
  type Release,
  type Subject,
} from './record/state.ts'
export { earlierRevisions } from './rollback/ecs-history.ts'
export { type PresentService, type Previous, previousOf, releasesOfCommit } from './rollback/previous.ts'
