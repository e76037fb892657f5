import { type ActionResult, isUserError, UserError } from '@deploy-actions/action-kit'
import { shortDigest } from '@deploy-actions/ecr'
import { taskId } from '@deploy-actions/ecs'
import { conclude } from './conclude.ts'
import type { Deps } from './deps.ts'
import { checkMayLook, earlierTask } from './earlier-task.ts'
import type { Inputs } from './inputs.ts'
import { type Ledger, ledger, type Plan, troubleOf } from './ledger.ts'
import { follow, joinTask, type StartedTask, startTask, UnansweredStart } from './migrate.ts'
import { pinRevision, prepare, readService, type Start } from './revision.ts'
import { proveBefore } from './status.ts'

export type MigratePlan = Extract<Plan, { answer: 'migrate' }>

/**
 * Runs the migrations of a release: asks the record what there is to do, waits for its turn, starts one task of the release's image where the service's own tasks stand, follows
 * it, and takes its exit code for its own. Without `application` there is no record, and the command simply runs.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { log } = deps
  const book = inputs.release && inputs.image ? ledger(inputs.release, inputs.image, deps) : undefined
  const service = await readService(deps, inputs)
  await checkMayLook(deps, inputs)

  let plan = await book?.plan()
  if (plan && plan.answer !== 'migrate') return withoutTask(plan, inputs, deps)
  const earlier = await earlierTask(inputs, deps, inputs.container)
  if (earlier.waited) plan = await book?.plan()
  if (plan && plan.answer !== 'migrate') return withoutTask(plan, inputs, deps)
  if (plan) sayPlan(plan, inputs, deps)

  let started: StartedTask
  let start: Start | undefined
  if (earlier.same) {
    if (plan && !plan.state?.pending) await book?.begin(plan)
    started = await joinTask(inputs, deps, earlier.same)
  } else {
    const prepared = await prepare(inputs, deps, service)
    start = { prepared, revision: await pinRevision(prepared, deps) }
    if (book && plan && (await proveBefore(inputs, deps, { book, plan, start }))) {
      plan = await book.plan()
      if (plan.answer !== 'migrate') return withoutTask(plan, inputs, deps)
    }
    stopHere(deps, 'before the migration task was started. No task was started; nothing was changed.')
    if (plan) await book?.begin(plan)
    started = await startOrUndo(inputs, deps, { book, plan, start })
  }
  if (plan) await noteTask(book, started, deps)

  const purpose = `Migration of ${inputs.release?.application ?? inputs.service}`
  const followed = await log.group(`${purpose}: log of container ${started.container}`, () =>
    follow(inputs, deps, started, { purpose, timeoutMs: inputs.timeoutMs }),
  )
  return conclude(inputs, deps, { book, plan, start, started, followed })
}

async function startOrUndo(
  inputs: Inputs,
  deps: Deps,
  { book, plan, start }: { book: Ledger | undefined; plan: MigratePlan | undefined; start: Start },
): Promise<StartedTask> {
  try {
    stopHere(deps, 'before the migration task was started. No task was started; the database is as it was.')
    return await startTask(inputs, deps, start, inputs.command)
  } catch (error) {
    if (error instanceof UnansweredStart)
      throw new UserError(
        `${error.message} ${plan ? 'The record says pending, to be safe. ' : ''}Run the job again: it follows the task if there is one, and starts one otherwise.`,
        { cause: error },
      )
    if (!isUserError(error) || !book || !plan) throw error
    const trouble = await troubleOf(book.notStarted(plan))
    if (trouble)
      throw new UserError(`${error.message} The record says pending all the same: ${trouble}`, { cause: error })
    throw error
  }
}

/** The task runs by now, so its id in the record is not worth losing sight of it for. */
async function noteTask(book: Ledger | undefined, { task }: StartedTask, { log }: Deps): Promise<void> {
  const trouble = book && (await troubleOf(book.started(taskId(task.taskArn ?? ''))))
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

function stopHere({ cancelled }: Deps, when: string): void {
  if (cancelled.aborted) throw new UserError(`Cancelled ${when}`)
}
