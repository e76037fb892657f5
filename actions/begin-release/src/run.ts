import { type ActionResult, formatDuration, UserError } from '@deploy-actions/action-kit'
import {
  acquireLock,
  askGate,
  breakLockText,
  checkSizeToCome,
  describeHolder,
  type GateAnswer,
  gateText,
  type RecordState,
  readLock,
  readRecord,
  recordIntent,
  recordName,
  releaseBegun,
  releaseLock,
  targetRecorded,
} from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import { beginSummary, refusedSummary, sayBegun } from './report.ts'
import { refusedAsUntested } from './tested.ts'
import { outgoingOutputs, sayWhatGoesOut, whatGoesOutMarkdown } from './what-goes-out.ts'

/**
 * Opens the release: refuses early what will be refused anyway, waits for the lock, looks again at what the one
 * before has written, and notes the release as under way. Whatever goes wrong after the lock was taken gives it
 * back.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { repository, digest } = inputs
  const { ssm, clock, holder, ticket } = deps
  const [record, image] = await Promise.all([readRecord(ssm, inputs), deps.read(digest)])
  if (!image)
    throw new UserError(
      `Repository "${repository.name}" has no image ${digest}. Push it first (push-ecr), or check repository, registry and registry-region; a lifecycle rule may have deleted it. Nothing was changed.`,
    )
  const early = await ask(inputs, record?.state, deps)
  if (!early.go && !(await mayEndMeanwhile(early, record?.state, inputs, deps))) return refuse(early, inputs, deps)
  const failure = await refusedAsUntested(inputs, record?.state, deps)
  if (failure) return { outputs: { proceed: false }, failure }

  // Before the lock is asked for: whatever a kill leaves behind, post can give it back.
  ticket.save()
  await lock(inputs, deps)
  ticket.keep()
  const unlock = () => releaseLock(deps.lasting, clock, inputs, holder.token)
  try {
    const result = await begin(inputs, deps)
    if (result.outputs?.proceed) return result
    await unlock()
    ticket.end()
    return result
  } catch (error) {
    await unlock().catch(() => false)
    throw error
  }
}

async function begin(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { ssm, clock, signal, log, summary, holder, runOrder } = deps
  const { digest, commit } = inputs
  let before: RecordState | undefined
  const { answer, record } = await recordIntent(
    { ssm, clock, signal },
    inputs,
    (state) => ask(inputs, state, deps),
    (state, { level, sourceKey }) => {
      before = state
      const start = { digest, sourceKey, commit, level, since: clock.now().toISOString(), run: holder.run, runOrder }
      // By the services of the release before; deploy-service counts those of this one before it updates them.
      checkSizeToCome(targetRecorded(start, state.releases[0]?.services ?? {})(state), recordName(inputs))
      return releaseBegun(start)(state)
    },
  )
  if (!answer.go) return refuse(answer, inputs, deps)
  const begun = { inputs, before, record, answer }
  sayBegun(log, begun)
  summary.add(beginSummary(begun))
  const { releases, schema } = record.state
  const outgoing = await deps.compare(releases[0]?.commit)
  await sayWhatGoesOut(log, outgoing)
  summary.add(whatGoesOutMarkdown(outgoing))
  return {
    outputs: {
      'schema-level': answer.level,
      'database-level': schema?.level,
      'will-migrate': answer.because === 'migrates',
      migrations: answer.migrations.join('\n'),
      previous: releases[0]?.digest,
      ...outgoingOutputs(outgoing),
      proceed: true,
    },
  }
}

/**
 * What will happen when this image migrates, so that a release that must fail there does so before anything is
 * touched.
 */
function ask(
  { digest, commit, order, acceptHistory, acrossSchema }: Inputs,
  state: RecordState | undefined,
  { read, runOrder, clock }: Deps,
): Promise<GateAnswer> {
  const images = [{ name: digest, digest, read }]
  const operator = { order, acceptHistory, acrossSchema }
  return askGate({ state, purpose: 'migrate', images, commit, runOrder, now: clock.now(), ...operator })
}

type Refused = Extract<GateAnswer, { go: false }>

/**
 * A migration that is pending may only be running: then its run holds the lock, and what it came to is known when
 * the lock is ours.
 */
async function mayEndMeanwhile(
  { refusal }: Refused,
  state: RecordState | undefined,
  inputs: Inputs,
  { ssm, clock }: Deps,
): Promise<boolean> {
  const run = state?.pending?.run
  if (refusal.because !== 'pending' || run === undefined) return false
  return (await readLock(ssm, inputs, clock.now()))?.run === run
}

function refuse({ refusal }: Refused, inputs: Inputs, { log, summary }: Deps): ActionResult {
  const message = gateText(refusal, recordName(inputs))
  summary.add(refusedSummary(inputs, message))
  const isSkipped = refusal.because === 'superseded' && inputs.onSuperseded === 'skip'
  if (isSkipped) log.notice(message, 'Superseded')
  return { outputs: { proceed: false }, failure: isSkipped ? undefined : message }
}

async function lock(inputs: Inputs, deps: Deps): Promise<void> {
  const { application, environment, lockExpiresMs: expiresMs, lockTimeoutMs: timeoutMs } = inputs
  const { holder, log } = deps
  const result = await acquireLock(deps, { application, environment, holder, expiresMs, timeoutMs })
  switch (result.status) {
    case 'held':
      if (result.tookOver)
        log.warning(
          `The lock of ${application} in ${environment} was left behind by ${describeHolder(result.tookOver)} and is taken over.`,
        )
      return
    case 'cancelled':
      throw new UserError('Cancelled before this release had its turn. Nothing was changed.')
    case 'timed-out':
      throw new UserError(
        `Waited ${formatDuration(result.waitedMs)} (lock-timeout) for another release of ${application} in ${environment}: ${describeHolder(result.holder)} still holds the lock${result.until ? `, until ${result.until} at the latest` : ''}. Nothing was changed. Run this job again later. ${breakLockText(inputs)}`,
      )
  }
}
