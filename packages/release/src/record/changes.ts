import { badMark, goodReleases, type ImageIdentity, isOpen, isReleaseOf, releaseOf, withNewest } from './releases.ts'
import type { BadMark, Freeze, Intent, PendingMigration, RecordState, Snapshot, Subject } from './state.ts'

/**
 * Changes of the record as plain functions, to be handed to `updateRecord`, which may call them again when another
 * writer came between.
 */
export type Change = (state: RecordState) => RecordState

/** Before a migration task starts: from here on the schema is not certain until `migrationDone`. */
export function migrationBegun(pending: PendingMigration, snapshot?: Snapshot): Change {
  return (state) => ({ ...state, pending, snapshot: snapshot ?? state.snapshot })
}

/** The id of the task that migrates, so that a rollback can stop it. */
export function migrationTask(task: string): Change {
  return (state) => (state.pending ? { ...state, pending: { ...state.pending, task } } : state)
}

/**
 * The task ended with exit code 0 (or a status command has proven the level): the database has what `digest` lists.
 */
export function migrationDone(schema: { level: string; digest?: string; since: string; run?: string }): Change {
  return (state) => ({ ...state, schema, pending: undefined })
}

/**
 * The task never ran (RunTask refused it, its image could not be pulled): the database is as it was, with what was
 * pending before.
 */
export function migrationNotStarted(digest: string, before?: PendingMigration): Change {
  return (state) => (state.pending?.digest === digest ? { ...state, pending: before } : state)
}

/** What a release says of itself when it begins. */
export type ReleaseStart = Omit<Subject, 'services'> & { since: string }

/**
 * A release begins. One before it that serves, but whose job was lost before it could say so, is on record as a
 * release from here on.
 */
export function releaseBegun(start: ReleaseStart): Change {
  return (state) => {
    const { level, since, run } = start
    // An application without migrations has nothing to establish a level with; `none` needs no proof.
    const isProven = !state.schema && !state.pending && level === 'none'
    return {
      ...begun(state, { ...start, kind: 'release', target: {} }),
      schema: isProven ? { level, since, run } : state.schema,
    }
  }
}

/**
 * Right before UpdateService: what the release of this run means to put into service. Begins the release where no
 * step before has.
 */
export function targetRecorded(start: ReleaseStart, target: Record<string, string>): Change {
  return (before) => {
    const state = isReleaseOf(before.intent, start) ? before : releaseBegun(start)(before)
    const intent = state.intent!
    const services = Object.fromEntries(Object.entries(intent.services).filter(([name]) => !(name in target)))
    return { ...state, intent: { ...intent, target: { ...intent.target, ...target }, services, completed: undefined } }
  }
}

/**
 * These services of this run's release have completed, at that time. Ignored when another intent is on record by
 * now.
 */
export function servicesCompleted(run: string | undefined, services: Record<string, string>, at: string): Change {
  return (state) =>
    isReleaseOf(state.intent, { run }) ? { ...state, intent: withCompleted(state.intent, services, at) } : state
}

/** Everything of the release of this run completed: it becomes the newest one. */
export function releaseCompleted(run: string | undefined, at: string): Change {
  return (state) =>
    isReleaseOf(state.intent, { run })
      ? { ...state, releases: withNewest(state.releases, releaseOf(state.intent, at)), intent: undefined }
      : state
}

/** The release of this run, or the way back with this number, did not end well. */
export function intentEnded(
  which: { run?: string } | { number: number },
  outcome: NonNullable<Intent['outcome']>,
): Change {
  return (state) => {
    const { intent } = state
    const isMeant = 'number' in which ? intent?.number === which.number && isOpen(intent) : isReleaseOf(intent, which)
    return intent && isMeant ? { ...state, intent: { ...intent, outcome } } : state
  }
}

/** What a way back says of itself when it begins. */
export type WayBackStart = Omit<Subject, 'services'> & Pick<Intent, 'target' | 'since' | 'release' | 'by'>

/**
 * A way back begins: a release under way cannot end well any more. One that is under way to the same image is
 * joined, so that several runs make one entry.
 */
export function wayBackBegun(start: WayBackStart): Change {
  return (state) => {
    const { intent } = state
    const isUnfinished = isUnfinishedWayBack(intent)
    if (isUnfinished && isSameImage(intent, start))
      return { ...state, intent: { ...intent, target: { ...intent.target, ...start.target } } }
    const left = intent?.kind === 'release' && !intent.outcome ? { number: intent.number, run: intent.run } : undefined
    return begun(state, { ...start, kind: 'rollback', leaving: isUnfinished ? intent.leaving : left })
  }
}

/**
 * These services of the way back have completed. With the last of its target what it went back to is the newest in
 * the list, but as old as it was. Where another intent has begun since, it is on record all the same.
 */
export function wayBackCompleted(way: Pick<Intent, 'number' | 'release'>, subject: Subject, at: string): Change {
  return (state) => {
    const { intent } = state
    const isOurs = intent?.number === way.number
    const { services, ...known } = subject
    const unknown: Intent = { ...way, kind: 'rollback', target: {}, services: {}, since: at }
    const back = withCompleted({ ...(isOurs ? intent : unknown), ...known }, services, at)
    const releases = back.completed ? withNewest(state.releases, releaseOf(back)) : state.releases
    return { ...state, intent: isOurs ? back : intent, releases }
  }
}

export function isUnfinishedWayBack(intent: Intent | undefined): intent is Intent & { kind: 'rollback' } {
  return intent?.kind === 'rollback' && isOpen(intent)
}

/** Takes the marks from an image that an operator chose by name. */
export function pardoned(image: ImageIdentity): Change {
  return (state) =>
    badMark(state.bad, image) ? { ...state, bad: state.bad.filter((mark) => !badMark([mark], image)) } : state
}

/**
 * Marks images bad. Their sources are marked with them, unless an image of the same sources is known to be good.
 */
export function markedBad(marks: BadMark[]): Change {
  return (state) => {
    const old = state.bad.filter(({ digest }) => !marks.some((mark) => mark.digest === digest))
    const isBad = (digest: string | undefined) => [...marks, ...old].some((mark) => mark.digest === digest)
    const good = state.releases.filter(({ digest }) => !isBad(digest)).map(({ sourceKey }) => sourceKey)
    const kept = marks.map((mark) => (good.includes(mark.sourceKey) ? { ...mark, sourceKey: undefined } : mark))
    return { ...state, bad: [...kept, ...old] }
  }
}

export function frozen(freeze: Freeze): Change {
  return (state) => ({ ...state, freeze })
}

export function allOf(...changes: Change[]): Change {
  return (state) => changes.reduce((current, change) => change(current), state)
}

function begun(state: RecordState, intent: Omit<Intent, 'number' | 'services'>): RecordState {
  const number = state.counter + 1
  return { ...state, counter: number, releases: goodReleases(state), intent: { ...intent, number, services: {} } }
}

function withCompleted(intent: Intent, services: Record<string, string>, at: string): Intent {
  const all = { ...intent.services, ...services }
  const isComplete = Object.keys(intent.target).every((service) => service in all)
  const end = isComplete ? { completed: at, outcome: undefined } : { completed: undefined }
  return { ...intent, services: all, ...end }
}

function isSameImage(one: Pick<Intent, 'digest' | 'target'>, other: Pick<Intent, 'digest' | 'target'>): boolean {
  if (one.digest !== undefined || other.digest !== undefined) return one.digest === other.digest
  return Object.entries(other.target).every(([service, target]) => (one.target[service] ?? target) === target)
}
