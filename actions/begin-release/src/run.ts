import type { SSMClient } from '@aws-sdk/client-ssm'
import { type ActionResult, type Clock, formatDuration, type Log, UserError } from '@deploy-actions/action-kit'
import type { Comparison, NoComparison } from '@deploy-actions/action-kit/github'
import {
  acquireLock,
  admission,
  breakLockText,
  checkRoom,
  describeHolder,
  emptyState,
  type ImageSchema,
  type LockHolder,
  type PendingMigration,
  type RecordState,
  readLock,
  readRecord,
  recordName,
  releaseBegun,
  releaseLock,
  type SchemaReader,
  updateRecord,
} from '@deploy-actions/release'
import { assess } from './assess.ts'
import type { Inputs } from './inputs.ts'
import { beginSummary, sayBegun } from './report.ts'
import { onUntested, untested } from './tested.ts'
import { outgoingOutputs, sayWhatGoesOut, whatGoesOutMarkdown } from './what-goes-out.ts'

export interface Deps {
  ssm: SSMClient
  read: SchemaReader
  clock: Clock
  log: Log
  signal: AbortSignal
  summary: { add(markdown: string): void }
  holder: LockHolder
  /** Where this run stands among the runs of its workflow. */
  order: string | undefined
  /** Called once this job holds the lock: from then on it has a release to end. */
  begun(): void
  /** Compares the commit that serves with the one of this release. */
  compare(serves: string | undefined): Promise<Comparison | NoComparison>
}

/**
 * Opens the release: refuses early what will be refused anyway, waits for the lock, looks again at what the one before has written, and notes the release as
 * under way. Whatever goes wrong after the lock was taken gives it back.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { application, environment, digest } = inputs
  const { ssm, clock, log, holder } = deps
  const [record, image] = await Promise.all([readRecord(ssm, application, environment), deps.read(digest)])
  if (!image) throw missingImage(inputs)

  const early = await mayBegin(inputs, deps, image, record?.state)
  if (!early.admitted && !(early.because === 'pending' && (await isRunning(record?.state.pending, inputs, deps))))
    return refusal(early, inputs, deps)
  const failure = onUntested(await untested(inputs, record?.state, deps), inputs, deps)
  if (failure) return { outputs: { proceed: false }, failure }

  await lock(inputs, deps)
  deps.begun()
  try {
    const current = await readRecord(ssm, application, environment)
    const verdict = await mayBegin(inputs, deps, image, current?.state)
    if (!verdict.admitted) {
      await releaseLock(ssm, clock, { application, environment, token: holder.token })
      return refusal(verdict, inputs, deps)
    }
    const attempt = {
      digest,
      commit: inputs.commit,
      level: image.level.text,
      services: {},
      since: clock.now().toISOString(),
      run: holder.run,
      order: deps.order,
    }
    checkRoom(current?.state ?? emptyState, attempt, recordName(application, environment))
    const begun = releaseBegun(attempt)
    // A rollback does not wait for the lock, so it may freeze the record in this very moment.
    const { state } = await updateRecord(
      ssm,
      application,
      environment,
      (found) => (admitted(inputs, deps, found).admitted ? begun(found) : found),
      clock,
    )
    const late = admitted(inputs, deps, state)
    if (!late.admitted) throw new UserError(late.message)
    sayBegun(log, { inputs, before: current?.state, state, image, verdict })
    deps.summary.add(beginSummary({ inputs, before: current?.state, state, image, verdict }))
    const outgoing = await deps.compare(state.releases[0]?.commit)
    await sayWhatGoesOut(log, outgoing)
    deps.summary.add(whatGoesOutMarkdown(outgoing))
    return {
      outputs: {
        'schema-level': image.level.text,
        'database-level': state.schema?.level,
        'will-migrate': verdict.willMigrate,
        migrations: verdict.migrations.join('\n'),
        previous: state.releases[0]?.digest,
        ...outgoingOutputs(outgoing),
        proceed: true,
      },
    }
  } catch (error) {
    await releaseLock(ssm, clock, { application, environment, token: holder.token }).catch(() => false)
    throw error
  }
}

export type Verdict =
  | { admitted: true; willMigrate: boolean; migrations: string[]; warnings: string[] }
  | { admitted: false; because: 'superseded' | 'pending' | 'schema' | 'frozen' | 'bad'; message: string }

async function mayBegin(
  inputs: Inputs,
  deps: Deps,
  image: ImageSchema,
  state: RecordState | undefined,
): Promise<Verdict> {
  const answer = admitted(inputs, deps, state)
  if (!answer.admitted) return answer
  return assess(inputs, deps.read, image, state)
}

/** A migration that is pending may only be running: then its run holds the lock, and what it came to is known when the lock is ours. */
async function isRunning(
  pending: PendingMigration | undefined,
  { application, environment }: Inputs,
  { ssm, clock }: Deps,
): Promise<boolean> {
  const holder = await readLock(ssm, application, environment, clock.now())
  return pending?.run !== undefined && holder?.run === pending.run
}

function admitted({ application, environment, digest, commit }: Inputs, deps: Deps, state: RecordState | undefined) {
  const name = recordName(application, environment)
  return admission({ state, digest, commit, order: deps.order, now: deps.clock.now(), name })
}

function refusal(
  verdict: Extract<Verdict, { admitted: false }>,
  { onSuperseded }: Inputs,
  { log }: Deps,
): ActionResult {
  if (verdict.because !== 'superseded' || onSuperseded === 'fail')
    return { outputs: { proceed: false }, failure: verdict.message }
  log.notice(verdict.message, 'Superseded')
  return { outputs: { proceed: false } }
}

async function lock(inputs: Inputs, deps: Deps): Promise<void> {
  const { application, environment } = inputs
  const { holder, log } = deps
  const result = await acquireLock(deps, {
    application,
    environment,
    holder,
    expiresMs: inputs.lockExpiresMs,
    timeoutMs: inputs.lockTimeoutMs,
  })
  if (result.status === 'held') {
    if (result.tookOver)
      log.warning(
        `The lock of ${application} in ${environment} was left behind by ${describeHolder(result.tookOver)} and is taken over.`,
      )
    return
  }
  if (result.status === 'cancelled')
    throw new UserError('Cancelled before this release had its turn. Nothing was changed.')
  throw new UserError(
    `Waited ${formatDuration(result.waitedMs)} (lock-timeout) for another release of ${application} in ${environment}: ${describeHolder(result.holder)} still holds the lock${result.until ? `, until ${result.until} at the latest` : ''}. Nothing was changed. Run this job again later. ${breakLockText(application, environment)}`,
  )
}

function missingImage({ repository, digest }: Inputs): UserError {
  return new UserError(
    `Repository "${repository.name}" has no image ${digest}. Push it first (push-ecr), or check repository, registry and registry-region; a lifecycle rule may have deleted it. Nothing was changed.`,
  )
}
