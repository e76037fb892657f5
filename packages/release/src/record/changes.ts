import { releasedAt } from './releases.ts'
import type { Attempt, BadDigest, Freeze, PendingMigration, RecordState, Release, Snapshot } from './state.ts'

/** Changes of the record as plain functions, to be handed to `updateRecord`, which may call them again when another writer came between. */
export type Change = (state: RecordState) => RecordState

/** Before a migration task starts: from here on the schema is not certain until `migrationDone`. */
export function migrationBegun(pending: PendingMigration): Change {
  return (state) => ({ ...state, pending })
}

/** The id of the task that migrates, so that a rollback can stop it. */
export function migrationTask(task: string): Change {
  return (state) => (state.pending ? { ...state, pending: { ...state.pending, task } } : state)
}

/** The task ended with exit code 0 (or a status command has proven the level): the database has what `digest` lists. */
export function migrationDone(schema: { level: string; digest?: string; since: string; run?: string }): Change {
  return ({ pending: _, ...state }) => ({ ...state, schema })
}

/** The task never ran (RunTask refused it, its image could not be pulled): the database is as it was. */
export function migrationNotStarted(digest: string): Change {
  return (state) => {
    if (state.pending?.digest !== digest) return state
    const { pending: _, ...rest } = state
    return rest
  }
}

export function snapshotTaken(snapshot: Snapshot): Change {
  return (state) => ({ ...state, snapshot })
}

/**
 * A release starts: under the lock, after the freeze and the bad digests were looked at. One before it that serves, but whose runner was lost before it could say so, is on record
 * as a release from here on.
 */
export function releaseBegun(attempt: Attempt): Change {
  return (state) => ({
    ...state,
    releases: releasesWithServing(state),
    attempt,
    // An application without migrations has nothing to establish a level with; `none` needs no proof.
    ...(!state.schema && !state.pending && attempt.level === 'none'
      ? { schema: { level: 'none', since: attempt.since, run: attempt.run } }
      : {}),
  })
}

/** One service of the release completed under this `family:revision`. Ignored when another digest is under way by now. */
export function serviceDeployed(digest: string, service: string, taskDefinition: string): Change {
  return (state) =>
    state.attempt?.digest === digest && !state.attempt.outcome
      ? {
          ...state,
          attempt: { ...state.attempt, services: { ...state.attempt.services, [service]: taskDefinition } },
        }
      : state
}

/** All services of a deployment completed, at that time; undefined: not all did. Ignored when another digest is under way by now. */
export function attemptCompleted(digest: string, at: string | undefined): Change {
  return (state) => {
    if (state.attempt?.digest !== digest || state.attempt.outcome || state.attempt.completed === at) return state
    const { completed: _, ...attempt } = state.attempt
    return { ...state, attempt: { ...attempt, ...(at && { completed: at }) } }
  }
}

/**
 * Whether the attempt is what serves, however its job ended: everything that was deployed completed, nobody went back since, and no service of the release before is
 * missing, as it would be between two deployments of one job.
 */
export function attemptServes({ attempt, releases: [newest] }: RecordState): boolean {
  if (!attempt?.completed || attempt.outcome) return false
  return Object.keys(newest?.services ?? {}).every((service) => service in attempt.services)
}

/** The releases, and before them the attempt, where it is what serves. */
export function releasesWithServing(state: RecordState): Release[] {
  return state.attempt && attemptServes(state) ? withNewest(state.releases, releaseOf(state.attempt)) : state.releases
}

/** Everything of the attempt completed: it becomes the newest release. */
export function releaseCompleted(run: string | undefined, at: string): Change {
  return (state) => {
    if (!state.attempt || state.attempt.run !== run || state.attempt.outcome) return state
    const { attempt, ...rest } = state
    return { ...rest, releases: withNewest(state.releases, releaseOf(attempt, at)) }
  }
}

export function releaseEnded(run: string | undefined, outcome: NonNullable<Attempt['outcome']>): Change {
  return (state) =>
    state.attempt && state.attempt.run === run && !state.attempt.outcome
      ? { ...state, attempt: { ...state.attempt, outcome } }
      : state
}

/** An operator goes back: a release that is under way cannot end well any more. */
export function attemptOverruled(): Change {
  return (state) =>
    state.attempt && !state.attempt.outcome
      ? { ...state, attempt: { ...state.attempt, outcome: 'rolled-back' } }
      : state
}

/** The way back has completed: what serves now is the newest of the list, but as old as it was; `original` is its earlier entry, if it had one. */
export function rolledBackTo(release: Release, original?: Release): Change {
  const first = original && releasedAt(original)
  return (state) => ({ ...state, releases: withNewest(state.releases, { ...release, ...(first && { first }) }) })
}

/** Takes the mark from a digest that an operator chose by name. */
export function pardoned(digest: string): Change {
  return (state) =>
    state.bad.some((entry) => entry.digest === digest)
      ? { ...state, bad: state.bad.filter((entry) => entry.digest !== digest) }
      : state
}

export function markedBad(entries: BadDigest[]): Change {
  return (state) => ({
    ...state,
    bad: [...entries, ...state.bad.filter((old) => !entries.some((entry) => entry.digest === old.digest))],
  })
}

export function frozen(freeze: Freeze): Change {
  return (state) => ({ ...state, freeze })
}

export function thawed(): Change {
  return ({ freeze: _, ...state }) => state
}

export function allOf(...changes: Change[]): Change {
  return (state) => changes.reduce((current, change) => change(current), state)
}

function releaseOf({ since, completed, outcome: _, ...attempt }: Attempt, at?: string): Release {
  return { ...attempt, at: completed ?? at ?? since }
}

/** The same image under the same task definitions stands once in the list: where it last came into service. */
function withNewest(releases: Release[], newest: Release): Release[] {
  return [newest, ...releases.filter((release) => !sameRelease(release, newest))]
}

function sameRelease(one: Release, other: Release): boolean {
  const names = new Set([...Object.keys(one.services), ...Object.keys(other.services)])
  return one.digest === other.digest && [...names].every((name) => one.services[name] === other.services[name])
}
