import type { SchemaReader } from '../levels/image-schema.ts'
import type { BadMark, Freeze, Intent, PendingMigration, RecordState, Snapshot } from '../record/state.ts'

/**
 * `deploy`: code is to serve. `migrate`: its migrations are to run. `rollback`: an operator has older code serve again.
 * `undo`: a step takes back what it has just deployed, which only the schema can forbid.
 */
export type GatePurpose = 'deploy' | 'migrate' | 'rollback' | 'undo'

export interface GateImage {
  /** For a reader: a digest, a reference, or whatever names it best. */
  name: string
  digest: string | undefined
  sourceKey?: string | undefined
  /** Reads what the image says of itself. Undefined: it is not in ECR, so its schema cannot be told. */
  read: SchemaReader | undefined
}

export interface GateQuestion {
  /** Undefined: there is no record yet. */
  state: RecordState | undefined
  purpose: GatePurpose
  /** What is to serve: none where that is not known, several where several containers are released. */
  images: GateImage[]
  /** Full SHA. */
  commit?: string | undefined
  /** See `runOrder`. */
  runOrder?: string | undefined
  /** See `runName`; for steps after begin-release, which a later release may have overtaken since. */
  run?: string | undefined
  now: Date
  /** An operator chose the image by name, so that a mark on it does not count. */
  named?: boolean | undefined
  /** Whether the run of the pending migration holds the lock still, so that the migration runs now and is not lost. */
  running?: boolean | undefined
  /** What to do with a new migration that sorts before applied ones. */
  order?: 'warn' | 'strict' | undefined
  /** The operator declares that an edited or missing past is a squash of the same schema. */
  acceptHistory?: boolean | undefined
  /** The operator takes code and schema apart on purpose. */
  acrossSchema?: boolean | undefined
}

export type GateAnswer = { warnings: GateWarning[] } & (
  | {
      go: true
      /** `unguarded`: there is no schema to guard, or no image to guard it from. */
      because: 'unguarded' | 'equal' | 'first' | 'migrates' | 'overridden'
      /** Migrations between image and database, in order. */
      between: string[]
      /** The schema level that the images expect, where it is known. */
      level: string | undefined
      /** The sources of the image, where there is one and they are known. */
      sourceKey: string | undefined
    }
  | {
      go: false
      refusal: GateRefusal
      /** The image that it is about; absent where it is about the release. */
      image?: GateImage | undefined
    }
)

export type GateRefusal = AdmissionRefusal | GuardRefusal

/** Why a release may not go on at all, whatever its schema. */
export type AdmissionRefusal =
  | { because: 'frozen'; freeze: Freeze; commit: string | undefined }
  | { because: 'bad'; image: GateImage; mark: BadMark; purpose: GatePurpose }
  /** `by` was triggered later. It has been released, or has begun. */
  | { because: 'superseded'; runOrder: string | undefined; by: Overtaking }
  /** An operator went back while it was under way. */
  | { because: 'overruled'; wayBack: Intent }

export interface Overtaking {
  state: 'released' | 'begun'
  runOrder: string | undefined
  name: string | undefined
  at: string
  run: string | undefined
}

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
