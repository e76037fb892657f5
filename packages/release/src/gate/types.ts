import type { SchemaReader } from '../levels/image-schema.ts'
import type { BadMark, Freeze, Intent, PendingMigration, RecordState, Release, Snapshot } from '../record/state.ts'

/**
 * `deploy`: code is to serve. `migrate`: its migrations are to run. `rollback`: an operator has older code serve
 * again. `undo`: a step takes back what it has just deployed, which only the schema can forbid.
 */
export type GatePurpose = 'deploy' | 'migrate' | 'rollback' | 'undo'

export interface GateImage {
  /** For a reader: a digest, a reference, or whatever names it best. */
  name: string
  digest: string | undefined
  /** Reads what the image says of itself. Undefined: it is not in ECR, so its schema cannot be told. */
  read: SchemaReader | undefined
}

/** What admission is asked with; the guard needs more, see `GateQuestion`. */
export interface AdmissionQuestion {
  /** Undefined: there is no record yet. */
  state: RecordState | undefined
  purpose: GatePurpose
  /** What is to serve: none where that is not known, several where several containers are released. */
  images: GateImage[]
  /** Full SHA. */
  commit?: string
  /** See `runOrder`. */
  runOrder?: string
  /** See `runName`; for steps after begin-release, which a later release may have overtaken since. */
  run?: string
  now: Date
  /** An operator chose the image by name, so that a mark on it does not count. */
  named?: boolean
}

export interface GateQuestion extends AdmissionQuestion {
  /**
   * Whether the run of the pending migration holds the lock still, so that the migration runs now and is not lost.
   */
  running?: boolean
  /** What to do with a new migration that sorts before applied ones. Default: warn. */
  order?: 'warn' | 'strict'
  /** The operator declares that an edited or missing past is a squash of the same schema. */
  acceptHistory?: boolean
  /** The operator takes code and schema apart on purpose. */
  acrossSchema?: boolean
}

export type GateAnswer = GateGo | GateStop<GateRefusal>
export type GuardAnswer = GateGo | GateStop<GuardRefusal>

interface Answered {
  warnings: GateWarning[]
  /** The schema level that the images expect, where it is known. */
  level?: string
  /** The sources of the image, where there is one and they are known. */
  sourceKey?: string
}

export interface GateGo extends Answered {
  go: true
  /**
   * `unguarded`: there is no schema to guard, or no image to guard it from. `first`: nothing is on record, and the
   * image needs nothing. `migrates`: its migrations are to run.
   */
  because: 'unguarded' | 'equal' | 'first' | 'migrates' | 'overridden'
  /** The migrations that are to run, in order. */
  migrations: string[]
}

interface GateStop<Refusal> extends Answered {
  go: false
  refusal: Refusal
  /** The image that it is about; absent where it is about the release. */
  image?: GateImage
}

export type GateRefusal = AdmissionRefusal | GuardRefusal

/** Why a release may not go on at all, whatever its schema. */
export type AdmissionRefusal =
  | { because: 'frozen'; decision: Freeze; commit: string | undefined }
  | { because: 'bad'; decision: BadMark; image: GateImage; purpose: GatePurpose }
  /** An operator went back while it was under way. */
  | { because: 'overruled'; decision: Intent }
  /** `by` was triggered later, and has been released or begun. */
  | { because: 'superseded'; by: Release | Intent; runOrder: string | undefined }

/** Why code and schema do not belong together. Levels as text; `recorded`: what the database has. */
export type GuardRefusal =
  | { because: 'migrate-first'; level: string; recorded: string | undefined; added: string[] }
  | { because: 'behind'; level: string; recorded: string; missing: string[]; snapshot: Snapshot | undefined }
  | { because: 'diverged'; level: string; recorded: string; missing: string[]; edited: string[] }
  | { because: 'out-of-order'; names: string[] }
  /** `lost`: the image that lists what the database has is gone from ECR. */
  | { because: 'unknown'; level: string; recorded: string | undefined; lost: boolean }
  /** Which schema the images expect cannot be told; `recorded`: the level, or that it is pending. */
  | {
      because: 'unknown-image'
      images: string[]
      recorded: string | undefined
      isPending: boolean
      purpose: GatePurpose
    }
  | { because: 'missing-image'; digest: string }
  | {
      because: 'pending'
      level: string
      pending: PendingMigration
      recorded: string | undefined
      snapshot: Snapshot | undefined
      running: boolean
      /**
       * Where it was asked whether to migrate on: what the pending migration may have applied and the image lacks;
       * undefined: its image is gone.
       */
      migrate: { lacks: string[] | undefined } | undefined
    }

/** What is worth saying although it stops nothing. */
export type GateWarning =
  | { kind: 'overridden'; refusal: GuardRefusal }
  | { kind: 'migrates-again'; pending: PendingMigration; recorded: string | undefined; running: boolean }
  | { kind: 'history-accepted'; level: string; recorded: string }
  | { kind: 'out-of-order'; names: string[] }
