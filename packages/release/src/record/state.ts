/**
 * What is known of one application in one environment. Times are ISO 8601 in UTC, runs are links to GitHub runs, levels are texts such as
 * `17.3f9ac2d1` or `none`, digests `sha256:…`, task definitions `family:revision`: nothing here holds an account id.
 */
export interface RecordState {
  /** What the database has. Absent: not known yet. While `pending` is set, it is the level from before. */
  schema?: RecordedSchema
  /** A migration task was started and its success is not proven. */
  pending?: PendingMigration
  /** The snapshot from before the last migration. */
  snapshot?: Snapshot
  /** Releases that ended well, newest first; the first is what should serve. */
  releases: Release[]
  /** The release under way, or how the last one ended that did not end well. */
  attempt?: Attempt
  bad: BadDigest[]
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

export interface Release {
  digest: string
  commit?: string
  /** The schema level its image expects. */
  level: string
  /** `family:revision` by service. */
  services: Record<string, string>
  at: string
  run?: string
  /** Workflow file and run number, `deploy.yml#12`: of two runs of one workflow the higher number was triggered later. */
  order?: string
  /** Set where an operator went back to it: when it was released first, which decides what is older. */
  first?: string
}

export interface Attempt {
  digest: string
  commit?: string
  level: string
  /** Services that this attempt has completed so far. */
  services: Record<string, string>
  since: string
  run?: string
  order?: string
  /** When deploy-service had seen all its services complete. What follows in the job (a tag, a notification) no longer decides what serves. */
  completed?: string
  /** Absent while it is under way (or was killed). */
  outcome?: 'failed' | 'cancelled' | 'rolled-back'
}

export interface BadDigest {
  digest: string
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

export const emptyState: RecordState = { releases: [], bad: [] }
