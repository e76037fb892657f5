import { type ActionResult, isUserError, UserError } from '@deploy-actions/action-kit'
import { warnOfExpiry } from '@deploy-actions/aws'
import { shortDigest } from '@deploy-actions/ecr'
import { stopTask, taskId } from '@deploy-actions/ecs'
import { conclude } from './conclude.ts'
import type { Deps } from './deps.ts'
import { checkMayLook, earlierTask, isFirst, waitForItsRecord } from './earlier-task.ts'
import type { Inputs } from './inputs.ts'
import { type Ledger, ledger, type MigratePlan, type Plan, troubleOf } from './ledger.ts'
import { follow, joinTask, type StartedTask, startTask, UnansweredStart } from './migrate.ts'
import { pinRevision, prepare, type ReadyTask, readService } from './revision.ts'
import { proveBefore } from './status-command.ts'

/**
 * Runs the migrations of a release: asks the record what there is to do, waits for its turn, starts one task of the
 * release's image where the service's own tasks stand, follows it, and takes its exit code for its own. Without
 * `application` there is no record, and the command simply runs.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { log } = deps
  const book = inputs.release && inputs.image ? ledger(inputs.release, inputs.image, deps) : undefined
  const service = await readService(deps, inputs)
  await checkMayLook(deps, inputs)
  await warnOfExpiry(deps.ecs, { timeoutMs: inputs.timeoutMs, clock: deps.clock, log })

  let plan = await book?.plan()
  if (plan && plan.answer !== 'migrate') return withoutTask(plan, inputs, deps)
  const { same, waitedFor } = await earlierTask(inputs, deps, inputs.container)
  if (book && waitedFor) {
    await waitForItsRecord(book, waitedFor, deps)
    plan = await book.plan()
    if (plan.answer !== 'migrate') return withoutTask(plan, inputs, deps)
  }
  if (plan) sayPlan(plan, inputs, deps)

  let start: ReadyTask | undefined
  let started: StartedTask
  if (same) {
    if (plan && !plan.state?.pending) await book?.begin(plan)
    started = await joinTask(inputs, deps, same)
  } else {
    const prepared = await prepare(inputs, deps, service)
    stopIfCancelled(deps)
    start = { prepared, revision: await pinRevision(prepared, deps) }
    if (book && plan && (await proveBefore(inputs, deps, { book, plan, start }))) {
      plan = await book.plan()
      if (plan.answer !== 'migrate') return withoutTask(plan, inputs, deps)
    }
    started =
      plan && book ? await startRecorded(inputs, deps, { book, plan, start }) : await startInTurn(inputs, deps, start)
  }
  // Beside the watch: a throttled record must not delay a cancel.
  const noted = book && noteTask(book, started, deps)

  const purpose = `Migration of ${inputs.release?.application ?? inputs.service}`
  const followed = await log.group(`${purpose}: log of container ${started.container}`, () =>
    follow(inputs, deps, started, { purpose, timeoutMs: inputs.timeoutMs }),
  )
  if (!deps.cancelled.aborted) await noted
  return conclude(inputs, deps, { book, plan, start, started, followed })
}

/** `pending` before the task; when it is certain that none was started, `pending` is taken back. */
async function startRecorded(
  inputs: Inputs,
  deps: Deps,
  { book, plan, start }: { book: Ledger; plan: MigratePlan; start: ReadyTask },
): Promise<StartedTask> {
  stopIfCancelled(deps)
  await book.begin(plan)
  try {
    stopIfCancelled(deps)
    return await startTask(inputs, deps, start, inputs.command)
  } catch (error) {
    if (error instanceof UnansweredStart)
      throw new UserError(
        `${error.message} The record says pending, to be safe. Run the job again: it follows the task if there is one, and starts one otherwise.`,
        { cause: error },
      )
    const trouble = isUserError(error) && (await troubleOf(book.notStarted(plan)))
    if (trouble)
      throw new UserError(`${error.message} The record says pending all the same: ${trouble}`, { cause: error })
    throw error
  }
}

/** Without a record, nothing but ECS's own list keeps two runs from starting at the same moment. */
async function startInTurn(inputs: Inputs, deps: Deps, start: ReadyTask): Promise<StartedTask> {
  for (let attempt = 1; ; attempt++) {
    stopIfCancelled(deps)
    const started = await startTask(inputs, { ...deps, stepId: `${deps.stepId}#${attempt}` }, start, inputs.command)
    const taskArn = started.task.taskArn ?? ''
    if (await isFirst(inputs, deps, taskArn)) return started
    deps.log.info('Another migration was started at the same moment; this one gives way and waits.')
    await stopTask(deps.ecs, { cluster: inputs.cluster, taskArn, reason: 'Another migration was started first' })
    deps.remember(undefined)
    const { same } = await earlierTask(inputs, deps, inputs.container)
    if (same) return joinTask(inputs, deps, same)
  }
}

/** The task runs by now, so its id in the record is not worth losing sight of it for. */
async function noteTask(book: Ledger, { task }: StartedTask, { log }: Deps): Promise<void> {
  const trouble = await troubleOf(book.started(taskId(task.taskArn ?? '')))
  if (trouble) log.warning(`The record does not name the task, so a rollback cannot stop it: ${trouble}`)
}

function withoutTask(plan: Exclude<Plan, MigratePlan>, { image }: Inputs, { log, summary }: Deps): ActionResult {
  const outputs = { migrated: false, 'schema-level': plan.level }
  if (plan.answer === 'refuse') return { outputs, failure: plan.message }
  for (const warning of plan.warnings) log.warning(warning)
  log.info(`Nothing to migrate for ${shortDigest(image?.digest ?? '')}: ${plan.why}. No task was started.`)
  summary.add(`Nothing to migrate: ${plan.why}.`)
  return { outputs }
}

function sayPlan({ names, image, state, warnings }: MigratePlan, { release }: Inputs, { log }: Deps): void {
  for (const warning of warnings) log.warning(warning)
  const from = state?.schema?.level
  log.info(
    from === undefined
      ? `The schema level of ${release?.application} in ${release?.environment} is not on record yet; migrating establishes ${image.level.text}.`
      : `Migrating ${release?.application} in ${release?.environment} from schema level ${from} to ${image.level.text}:`,
  )
  for (const name of names) log.info(`  ${name}`)
}

function stopIfCancelled({ cancelled }: Deps): void {
  if (cancelled.aborted)
    throw new UserError(
      'Cancelled before the migration task was started. No task was started; the database is as it was.',
    )
}
