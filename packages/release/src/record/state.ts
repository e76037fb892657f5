/**
 * What is known of one application in one environment. Times are ISO 8601 in UTC and only told to readers: what is
 * older is decided by numbers, which the record hands out itself. Runs are links to GitHub runs, levels are texts
 * such as `17.3f9ac2d1` or `none`, digests `sha256:…`, task definitions `family:revision`: nothing here holds an
 * account id.
 */
export interface RecordState {
  /** Number of the newest intent. Every release and every way back gets the next one. */
  counter: number
  /** What the database has. Absent: not known yet. While `pending` is set, it is the level from before. */
  schema?: RecordedSchema
  /** A migration task was started and its success is not proven. */
  pending?: PendingMigration
  /** The snapshot from before the last migration. */
  snapshot?: Snapshot
  /** Releases that ended well, in the order in which they came into service, the last one first. */
  releases: Release[]
  /**
   * The release or way back under way, or how the last one ended that did not end well. A way back stays here until
   * the next intent.
   */
  intent?: Intent
  bad: BadMark[]
  freeze?: Freeze
}

export interface RecordedSchema {
  level: string
  /** The image whose labels list what the database has; absent for `none`. */
  digest?: string
  since: string
  run?: string
}

export interface PendingMigration {
  /** The level that the task was to reach, and the image it ran. */
  level: string
  digest: string
  since: string
  run?: string
  /** Id of the migration task, once it is known. */
  task?: string
}

export interface Snapshot {
  id: string
  /** The level inside it. */
  level: string
  at: string
}

/** What is put into service. */
export interface Subject {
  /** Absent for an image that is known by its tag only, and where several images are released at once. */
  digest?: string
  /** Of the sources that the image was built from, see build-image. */
  sourceKey?: string
  commit?: string
  /** The schema level its image expects; absent where that cannot be told. */
  level?: string
  /** `family:revision` by service, of those that have completed. */
  services: Record<string, string>
  run?: string
  /**
   * Workflow file and run number, `deploy.yml#12`: of two runs of one workflow the higher number was triggered
   * later.
   */
  runOrder?: string
}

export interface Release extends Subject {
  /** Number of the intent that released it first. Going back to it does not make it newer. */
  number: number
  at: string
}

export interface Intent extends Subject {
  kind: 'release' | 'rollback'
  number: number
  /**
   * What it means to put into service, by service, written before UpdateService: `family:revision`, or the digest
   * where the revision is still to be made.
   */
  target: Record<string, string>
  since: string
  /**
   * When all of `target` had completed. What follows in the job (a tag, a notification) no longer decides what
   * serves.
   */
  completed?: string
  /** Absent while it is under way (or was killed). */
  outcome?: 'failed' | 'cancelled'
  /** Of a way back: number of the release that it goes back to, where that is on record. */
  release?: number
  /** Of a way back: who asked for it. */
  by?: string
  /** Of a way back: the release that was under way until then. */
  leaving?: { number: number; run?: string }
}

/** An image that is not released again, nor any other that was built from the same sources. */
export interface BadMark {
  digest?: string
  sourceKey?: string
  since: string
  by?: string
  reason?: string
}

export interface Freeze {
  by: string
  reason: string
  since: string
  /** Ends by itself then. */
  until?: string
  run?: string
  /** The one commit (full SHA) that may pass. */
  pass?: string
}

export const emptyState: RecordState = { counter: 0, releases: [], bad: [] }
