import { type ActionResult, UserError } from '@deploy-actions/action-kit'
import { runTags, warnOfExpiry } from '@deploy-actions/aws'
import { watchDeployments } from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import { stageTimes } from './report/lifecycle-stages.ts'
import { conclude, explain } from './report/result.ts'
import { summarise } from './report/summary.ts'
import { wantedDefinitions } from './revision/definitions.ts'
import { wantedImages } from './revision/images.ts'
import { refuseMissingImages } from './revision/missing-images.ts'
import { registerRevisions } from './revision/register.ts'
import { refuseReplacement } from './revision/replacement.ts'
import { findServices } from './revision/services.ts'
import { checkDigests, sayTags, tagExpectations } from './revision/tag-digests.ts'
import { followRollbacks, undoInterrupted, withSchemaNote } from './undo/interrupted.ts'
import { rollBackCompleted } from './undo/together.ts'
import { targetsAfterConflicts } from './update/conflicts.ts'
import { openBook } from './update/open-deployments.ts'
import { updateAll } from './update/update.ts'

const unguarded = { allowed: true, why: 'No application is given, so no schema level is guarded.' }

/**
 * Deploys: works out what each service is to run, registers it, asks the guard, updates, watches until ECS has
 * ended every deployment, and says how it ended. A verdict other than completed is a result with `failure`; errors
 * are thrown only while nothing was updated.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { clients, clock, log, cancelled } = deps
  const begun = clock.now()
  await warnOfExpiry(clients.ecs, { timeoutMs: inputs.timeoutMs, clock, log })
  const targets = await findServices(inputs, deps)

  const images = await wantedImages(inputs, accountOf(targets[0]?.service.serviceArn), deps)
  const found = await wantedDefinitions(inputs, targets, images, deps)
  refuseReplacement(inputs, found)
  await refuseMissingImages(found, deps)
  const gate = inputs.release && (await import('./gate/index.ts'))
  await gate?.sayDrift(inputs, found, deps)
  const schemaLevel = await gate?.mayServe(inputs, found, deps)
  const settled = await targetsAfterConflicts(inputs, found, deps)
  // What was rolled back while we waited is no base for this release.
  const wanted = settled ? await wantedDefinitions(inputs, settled, images, deps) : found
  if (settled) refuseReplacement(inputs, wanted)
  const expectations = await tagExpectations(wanted, deps)
  sayTags(wanted, deps)

  deps.stateLeft('No service was updated; a new revision of the task definition may be registered, which nothing uses.')
  const revisions = await registerRevisions(wanted, runTags(deps.github, schemaLevel), deps)
  const undo = (await gate?.recordTarget(inputs, wanted, revisions, deps)) ?? unguarded
  const book = openBook(inputs, undo, deps.saveOpen)
  const { started, refused } = await updateAll(inputs, wanted, revisions, book, deps)
  // What was started is followed to its end, also after a cancel.
  const after = { ...deps, clients: deps.lasting }
  const unwanted = await gate?.stopOverruled(inputs, wanted, started, after)

  const stages = stageTimes()
  const watchedFrom = clock.now()
  const ended = await watchDeployments({ ecs: after.clients.ecs, clock, log, signal: cancelled }, started, {
    timeoutMs: inputs.timeoutMs,
    onPause: inputs.onPause,
    onObserved: stages.take,
  })
  const right = (await gate?.undoRightNow(inputs, wanted, undo, after)) ?? undo
  const undone = await undoInterrupted(inputs, ended, right, after)
  for (const outcome of undone) if (!outcome.unfinished) book.closed(outcome.started.service)
  const followed = (await followRollbacks(undone, after)).map((outcome) => withSchemaNote(outcome, right))
  const checked = await checkDigests(followed, expectations, after)
  const together = await rollBackCompleted(inputs, { outcomes: checked, refused }, right, after)
  const late = together.length === 0 ? await gate?.recordCompleted(inputs, checked, wanted, after) : undefined

  const reports = await explain(checked, after)
  const names = wanted.map(({ target }) => target.name)
  const ending = { names, outcomes: checked, refused, reports, together, overruled: unwanted ?? late }
  const result = conclude(inputs, ending, after)
  await summarise({ ...ending, inputs, wanted, begun, stages, watchedFrom }, after)
  return result
}

function accountOf(serviceArn: string | undefined): string {
  const account = serviceArn?.split(':')[4]
  if (!account) throw new UserError('ECS named no ARN for the service.')
  return account
}
