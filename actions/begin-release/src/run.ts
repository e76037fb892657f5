import type { SSMClient } from '@aws-sdk/client-ssm'
import { type ActionResult, type Clock, formatDuration, type Log, UserError } from '@deploy-actions/action-kit'
import type { Comparison, NoComparison } from '@deploy-actions/action-kit/github'
import {
  acquireLock,
  askGate,
  breakLockText,
  checkSizeToCome,
  describeHolder,
  type GateAnswer,
  gateText,
  type ImageSchema,
  type LockHolder,
  type RecordState,
  readLock,
  readRecord,
  recordIntent,
  recordName,
  releaseBegun,
  releaseLock,
  type SchemaReader,
  targetRecorded,
} from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'
import { beginSummary, refusedSummary, sayBegun, toMigrate, willMigrate } from './report.ts'
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
 * Opens the release: refuses early what will be refused anyway, waits for the lock, looks again at what the one before
 * has written, and notes the release as under way. Whatever goes wrong after the lock was taken gives it back.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { application, environment, digest } = inputs
  const { ssm, clock, log, holder } = deps
  const [record, image] = await Promise.all([readRecord(ssm, inputs), deps.read(digest)])
  if (!image) throw missingImage(inputs)

  const early = await ask(inputs, deps, image, record?.state)
  if (!early.go && !(await mayEndMeanwhile(early, record?.state, inputs, deps))) return refused(early, inputs, deps)
  const failure = onUntested(await untested(inputs, record?.state, deps), inputs, deps)
  if (failure) return { outputs: { proceed: false }, failure }

  await lock(inputs, deps)
  deps.begun()
  try {
    let before: RecordState | undefined
    const start = {
      digest,
      sourceKey: image.sourceKey,
      commit: inputs.commit,
      level: image.level.text,
      since: clock.now().toISOString(),
      run: holder.run,
      runOrder: deps.order,
    }
    const { answer, record } = await recordIntent(
      { ssm, clock, signal: deps.signal },
      inputs,
      (state) => ask(inputs, deps, image, state),
      (state) => {
        before = state
        // By the services of the release before; deploy-service counts those of this one before it updates them.
        checkSizeToCome(targetRecorded(start, state.releases[0]?.services ?? {})(state), recordName(inputs))
        return releaseBegun(start)(state)
      },
    )
    if (!answer.go) {
      await releaseLock(ssm, clock, { application, environment, token: holder.token })
      return refused(answer, inputs, deps)
    }
    const begun = { inputs, before, isFirst: record.version === 1, state: record.state, image, answer }
    sayBegun(log, begun)
    deps.summary.add(beginSummary(begun))
    const outgoing = await deps.compare(record.state.releases[0]?.commit)
    await sayWhatGoesOut(log, outgoing)
    deps.summary.add(whatGoesOutMarkdown(outgoing))
    return {
      outputs: {
        'schema-level': image.level.text,
        'database-level': record.state.schema?.level,
        'will-migrate': willMigrate(answer),
        migrations: toMigrate(answer).join('\n'),
        previous: record.state.releases[0]?.digest,
        ...outgoingOutputs(outgoing),
        proceed: true,
      },
    }
  } catch (error) {
    await releaseLock(ssm, clock, { application, environment, token: holder.token }).catch(() => false)
    throw error
  }
}

/**
 * What will happen when this image migrates, so that a release that must fail there does so before anything is touched.
 */
function ask(inputs: Inputs, deps: Deps, image: ImageSchema, state: RecordState | undefined): Promise<GateAnswer> {
  const { digest, commit, order, acceptHistory, acrossSchema } = inputs
  const images = [{ name: digest, digest, sourceKey: image.sourceKey, read: deps.read }]
  const now = deps.clock.now()
  return askGate({
    state,
    purpose: 'migrate',
    images,
    commit,
    runOrder: deps.order,
    now,
    order,
    acceptHistory,
    acrossSchema,
  })
}

/**
 * A migration that is pending may only be running: then its run holds the lock, and what it came to is known when the
 * lock is ours.
 */
async function mayEndMeanwhile(
  answer: Extract<GateAnswer, { go: false }>,
  state: RecordState | undefined,
  { application, environment }: Inputs,
  { ssm, clock }: Deps,
): Promise<boolean> {
  if (answer.refusal.because !== 'pending' || state?.pending?.run === undefined) return false
  const holder = await readLock(ssm, application, environment, clock.now())
  return holder?.run === state.pending.run
}

function refused(
  { refusal }: Extract<GateAnswer, { go: false }>,
  inputs: Inputs,
  { log, summary }: Deps,
): ActionResult {
  const message = gateText(refusal, recordName(inputs))
  summary.add(refusedSummary(inputs, message))
  if (refusal.because !== 'superseded' || inputs.onSuperseded === 'fail')
    return { outputs: { proceed: false }, failure: message }
  log.notice(message, 'Superseded')
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
