import { releasesWithServing } from '../record/changes.ts'
import type { Freeze, RecordState, Release } from '../record/state.ts'
import { frozenText } from './texts.ts'

export interface AdmissionQuestion {
  state: RecordState | undefined
  digest: string
  /** Full SHA. */
  commit?: string | undefined
  /** See `runOrder`. */
  order?: string | undefined
  /** See `runName`; for steps after begin-release, which a later release may have overtaken since. */
  run?: string | undefined
  now: Date
  /** The record's name, for commands in messages. */
  name: string
}

export type Admission =
  | { admitted: true }
  | { admitted: false; because: 'frozen' | 'bad' | 'superseded'; message: string }

/**
 * Whether a release may go on at all, whatever its schema: not when the record is frozen (unless its commit may pass), when its digest was marked
 * bad, or when a run that was triggered later has already been released.
 */
export function admission({ state, digest, commit, order, run, now, name }: AdmissionQuestion): Admission {
  if (!state) return { admitted: true }
  const { freeze } = state
  if (freeze && freezeHolds(freeze, commit, now))
    return { admitted: false, because: 'frozen', message: frozenText(freeze, name, commit) }

  const bad = state.bad.find((entry) => entry.digest === digest)
  if (bad)
    return {
      admitted: false,
      because: 'bad',
      message: `The image ${digest} was marked bad on ${bad.since}${bad.by ? ` by ${bad.by}` : ''}${bad.reason ? `: ${bad.reason}` : ''}. It is not released again; nothing was changed. Push a fix. When the mark itself is the mistake, run rollback with to: ${digest}, which takes the mark away.`,
    }

  const newer = latestAfter(order, state)
  if (newer)
    return {
      admitted: false,
      because: 'superseded',
      message: `Superseded: run ${newer.order} of commit ${newer.commit ?? newer.digest} was triggered after this one (${order}) and has been released already on ${newer.at}${newer.run ? ` (${newer.run})` : ''}. Nothing was changed. To go back to an older release, use rollback.`,
    }

  const { attempt } = state
  if (run !== undefined && attempt && !attempt.outcome && attempt.run !== run && comesBefore(order, attempt.order))
    return {
      admitted: false,
      because: 'superseded',
      message: `Superseded: run ${attempt.order} was triggered after this one (${order}) and has begun its release on ${attempt.since} (${attempt.run}), as this one's lock had expired. Nothing was changed by this step.`,
    }
  return { admitted: true }
}

/**
 * Of the releases that were triggered after `order`, the one triggered last. Not only the newest counts, which after a rollback is an old one; what is marked bad supersedes nothing, and what serves
 * although its job never said so does.
 */
function latestAfter(order: string | undefined, state: RecordState): Release | undefined {
  const { bad } = state
  return releasesWithServing(state)
    .filter((release) => !bad.some(({ digest }) => digest === release.digest) && comesBefore(order, release.order))
    .sort((a, b) => (comesBefore(a.order, b.order) ? 1 : -1))[0]
}

/** Whether a freeze is in force for `commit`: it has not ended by itself, and is not lifted for that commit. */
export function freezeHolds(freeze: Freeze | undefined, commit: string | undefined, now: Date): boolean {
  if (!freeze || (freeze.until !== undefined && now >= new Date(freeze.until))) return false
  return commit === undefined || freeze.pass !== commit
}

/**
 * Where a run stands among the runs of its workflow: `deploy.yml#12`, from GITHUB_WORKFLOW_REF (`octo/shop/.github/workflows/deploy.yml@refs/heads/main`)
 * and GITHUB_RUN_NUMBER, which counts up with every trigger and stays the same when a run is repeated. Undefined outside a workflow.
 */
export function runOrder(env: NodeJS.ProcessEnv): string | undefined {
  const file = env.GITHUB_WORKFLOW_REF?.split('@')[0]?.split('/').at(-1)
  return file && /^\d+$/.test(env.GITHUB_RUN_NUMBER ?? '') ? `${file}#${env.GITHUB_RUN_NUMBER}` : undefined
}

/** Whether `order` was triggered before `other`. Runs of different workflows cannot be compared: false. */
export function comesBefore(order: string | undefined, other: string | undefined): boolean {
  const [file, number] = order?.split('#') ?? []
  const [otherFile, otherNumber] = other?.split('#') ?? []
  return file !== undefined && file === otherFile && Number(number) < Number(otherNumber)
}
