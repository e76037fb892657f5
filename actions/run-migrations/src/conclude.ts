import {
  type ActionResult,
  formatDuration,
  markdownCode,
  markdownDigests,
  markdownInlineCode,
  markdownTable,
  markdownText,
  summaryHeading,
} from '@deploy-actions/action-kit'
import { shortDigest } from '@deploy-actions/ecr'
import { type FollowedTask, lastLogLines, taskId } from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import { type Ledger, type MigratePlan, troubleOf } from './ledger.ts'
import type { StartedTask } from './migrate.ts'
import type { ReadyTask } from './revision.ts'
import { type Proof, proveLevel } from './status-command.ts'

export interface FollowedMigration {
  book: Ledger | undefined
  plan: MigratePlan | undefined
  /** Absent where the task of an earlier run was followed. */
  start: ReadyTask | undefined
  started: StartedTask
  followed: FollowedTask
}

const linesShown = 10

/** Writes what the task's end means into the record, and says it: what happened, what state is left, what to do. */
export async function conclude(inputs: Inputs, deps: Deps, ending: FollowedMigration): Promise<ActionResult> {
  const { started, followed } = ending
  const { level, failure } = await settle(inputs, deps, ending)
  const exitCode = followed.end?.exitCode
  // After a cancel there is no time for it, and the lines have been shown as they came.
  const lines = failure && !deps.cancelled.aborted ? await lastLines(deps, ending) : []
  deps.summary.add(summaryOf(inputs, deps, ending, { level, failure, lines }))
  const outputs = {
    'task-arn': started.task.taskArn,
    'exit-code': exitCode,
    migrated: failure === undefined,
    'schema-level': level,
    'task-definition': started.familyRevision,
  }
  if (failure === undefined) return { outputs }
  const tail = lines.length > 0 ? `\nLast lines of ${started.container}:\n${lines.join('\n')}` : ''
  return { outputs, failure: failure + tail, ...(exitCode ? { exitCode } : {}) }
}

interface Settlement {
  /** What the database is known to have now. */
  level: string | undefined
  failure: string | undefined
}

async function settle(inputs: Inputs, deps: Deps, ending: FollowedMigration): Promise<Settlement> {
  const { book, plan, followed } = ending
  const { end } = followed
  if (end?.succeeded) {
    deps.log.info(end.cause)
    return book && plan
      ? settleSuccess(inputs, deps, { ...ending, book, plan })
      : { level: undefined, failure: undefined }
  }
  const happened = whatHappened(inputs, ending)
  if (neverRan(ending)) {
    const trouble = book && plan && (await troubleOf(book.notStarted(plan)))
    const level = plan?.state?.pending ? undefined : plan?.state?.schema?.level
    return { level: trouble ? undefined : level, failure: `${happened} ${untouched(plan, trouble)}` }
  }
  const proof = end && plan && !deps.cancelled.aborted ? await prove(inputs, deps, ending, plan) : undefined
  if (proof?.level === undefined || !book || !plan)
    return { level: undefined, failure: `${happened} ${stateLeft(inputs, ending, proof)}` }
  const trouble = await troubleOf(book.reached(proof.level, plan.image))
  return {
    level: proof.level,
    failure: `${happened} The status command has proven that the database has schema level ${proof.level} (${proof.why}). ${trouble ? `The record says pending all the same: ${trouble}` : 'The record says so now.'} Mend the cause and run the job again.`,
  }
}

/** Exit code 0 is the proof, unless a status command knows better. */
async function settleSuccess(
  inputs: Inputs,
  deps: Deps,
  ending: FollowedMigration & { book: Ledger; plan: MigratePlan },
): Promise<Settlement> {
  const { book, plan, started } = ending
  const expected = plan.image.level.text
  const proof = deps.cancelled.aborted ? undefined : await prove(inputs, deps, ending, plan)
  const level = proof?.level ?? expected
  const trouble = await troubleOf(book.reached(level, plan.image))
  if (trouble)
    return {
      level,
      failure: `The migrations are applied (schema level ${level}), but the record could not be told and still says pending, so deploy-service and rollback refuse: ${trouble} Mend that and run the job again: applied migrations do nothing twice.`,
    }
  if (level !== expected)
    return {
      level,
      failure: `Container "${started.container}" exited with code 0, but the database has schema level ${level} and not ${expected}: ${proof?.why}. The record says ${level}. Check what the command applies, and run the job again.`,
    }
  if (inputs.release?.statusCommand && proof?.level === undefined)
    deps.log.warning(`The status command has proven nothing (${proof?.why ?? 'it was not asked'}); exit code 0 counts.`)
  deps.log.info(
    `The record of ${inputs.release?.application} in ${inputs.release?.environment} says now: schema level ${level}.`,
  )
  return { level, failure: undefined }
}

async function prove(
  inputs: Inputs,
  deps: Deps,
  { start }: FollowedMigration,
  plan: MigratePlan,
): Promise<Proof | undefined> {
  if (!inputs.release?.statusCommand || !start) return undefined
  return proveLevel(inputs, deps, start, plan.image.migrations)
}

function neverRan({ followed: { end, task } }: FollowedMigration): boolean {
  return end !== undefined && end.exitCode === undefined && !task?.startedAt
}

function whatHappened({ timeoutMs }: Inputs, ending: FollowedMigration): string {
  const { started, followed } = ending
  const { ended, end, stopFailure, trouble } = followed
  const id = taskId(started.task.taskArn ?? '')
  if (ended === 'lost')
    return trouble
      ? `Task ${id} cannot be watched any more: ${trouble} The task itself goes on; a repeated job follows it while it runs.`
      : `ECS does not know task ${id} any more, so how it ended cannot be said.`
  if (ended === 'stopped')
    return `The migration ${neverRan(ending) ? 'could not start' : 'failed'}. ${end?.cause ?? ''}`
  const why =
    ended === 'timed-out'
      ? `The migration did not end within ${formatDuration(timeoutMs)} (input "timeout")`
      : 'The run was cancelled'
  if (stopFailure) return `${why}, and task ${id} could not be stopped, so it goes on: ${stopFailure}`
  if (end)
    return `${why}, and task ${id} was stopped${end.exitCode === undefined ? '' : `; its container ended with code ${end.exitCode}`}.`
  return `${why}; ECS was asked to stop task ${id}: its containers have SIGTERM, and SIGKILL after their stopTimeout (30 s unless set).`
}

function untouched(plan: MigratePlan | undefined, trouble: string | undefined): string {
  const record = trouble
    ? ` The record says pending all the same, since it could not be written: ${trouble}`
    : plan?.state?.pending
      ? ' The record says pending as before, because of an earlier migration whose end is not known.'
      : ''
  return `The command never ran: the database is as it was.${record} Mend the cause and run the job again.`
}

function stateLeft({ release }: Inputs, { book, plan }: FollowedMigration, proof: Proof | undefined): string {
  const half = 'The database may be half migrated; the service was not touched and runs on.'
  if (!book || !plan) return `${half} Look at it, mend the cause and run the job again.`
  const from = plan.state?.schema?.level
  const to = plan.image.level.text
  const snapshot = release?.snapshotId ?? plan.state?.snapshot?.id
  return [
    half,
    proof && `The status command has proven nothing: ${proof.why}.`,
    `The record says pending, ${from ? `between ${from} and ${to}` : `on the way to ${to}`}: deploy-service and rollback refuse until migrations have ended with code 0.`,
    'Look at the database, mend the cause and run the job again.',
    snapshot && `The snapshot from before is ${snapshot}.`,
  ]
    .filter(Boolean)
    .join(' ')
}

/** Of the container that migrates; where another one failed, of that one too. */
async function lastLines({ logs }: Deps, { started, followed }: FollowedMigration): Promise<string[]> {
  const { task } = followed
  const read = async (name: string) => {
    const runtimeId = task?.containers?.find((container) => container.name === name)?.runtimeId
    const definition = { containerDefinitions: started.containerDefinitions }
    try {
      return (await lastLogLines(logs, definition, started.task.taskArn ?? '', name, linesShown, runtimeId)).lines
    } catch {
      // The end of the task is worth more than its lines, which the log may have shown already.
      return []
    }
  }
  const own = await read(started.container)
  const culprit = followed.end?.containers.find(
    ({ name, exitCode = 0 }) => name !== started.container && ![0, 137, 143].includes(exitCode),
  )
  if (!culprit || ![137, 143].includes(followed.end?.exitCode ?? 0)) return own
  const others = await read(culprit.name)
  return [...own, ...(others.length > 0 ? [`Last lines of ${culprit.name}:`, ...others] : [])]
}

function summaryOf(
  { command, release, image }: Inputs,
  { clock }: Deps,
  { plan, started, followed }: FollowedMigration,
  { level, failure, lines }: Settlement & { lines: string[] },
): string {
  const { createdAt, executionStoppedAt, stoppedAt = clock.now() } = followed.task ?? started.task
  const ended = executionStoppedAt ?? stoppedAt
  const took = createdAt ? Math.max(0, ended.getTime() - createdAt.getTime()) : 0
  const facts = {
    Command: markdownInlineCode(command.join(' ')),
    'Exit code': followed.end?.exitCode === undefined ? 'none' : String(followed.end.exitCode),
    ...(release && { 'Schema level': level ?? 'pending' }),
    Task: `\`${taskId(started.task.taskArn ?? '')}\` of \`${started.familyRevision}\``,
    ...(image && { Image: `\`${image.repository.name}@${shortDigest(image.digest)}\`` }),
    Took: formatDuration(took),
  }
  const names = (plan?.names ?? []).map((name) => `- ${markdownInlineCode(name)}`).join('\n')
  return [
    summaryHeading(
      `Migrations${release ? ` of ${release.application} in ${release.environment}` : ''}`,
      failure ? 'failed' : 'done',
    ),
    ...(failure ? [markdownText(failure)] : []),
    markdownTable(Object.keys(facts), [Object.values(facts)]),
    ...(names ? [`${failure ? 'To be applied were' : 'Applied'}:\n\n${names}`] : []),
    ...(lines.length > 0 ? [`Last lines of \`${started.container}\`:\n\n${markdownCode(lines.join('\n'))}`] : []),
    ...(image ? [markdownDigests([image.digest])] : []),
  ].join('\n\n')
}
