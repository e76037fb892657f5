import { messageOf } from '@deploy-actions/action-kit'
import { type DeploymentOutcome, familyRevision, releaseDigest } from '@deploy-actions/ecs'
import { allOf, attemptCompleted, overruledText, runName, serviceDeployed, updateRecord } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import type { Wanted } from './revisions.ts'

/**
 * Notes which services of the release under way have completed, and whether all have, for the record that begin-release closes. Written once for all of them. Returns why the
 * release is not wanted any more, should an operator have gone back while it was being deployed.
 */
export async function recordCompleted(
  { release }: Inputs,
  outcomes: DeploymentOutcome[],
  wanted: Wanted[],
  deps: Deps,
): Promise<string | undefined> {
  if (!release) return undefined
  const { clock, github, log } = deps
  const completed = wanted.flatMap(({ target, image }) => {
    const outcome = outcomes.find(({ started }) => started.service === target.name)
    const digest = releaseDigest(image)
    return outcome?.verdict === 'completed' && digest ? [{ digest, outcome }] : []
  })
  const [first] = completed
  if (!first) return undefined
  const digest = first.digest
  const isAll = completed.length === wanted.length
  try {
    const { name, state } = await updateRecord(
      await deps.clients.ssm(),
      release.application,
      release.environment,
      allOf(
        ...completed.map(({ digest, outcome: { started } }) =>
          serviceDeployed(digest, started.service, familyRevision(started.taskDefinition)),
        ),
        attemptCompleted(digest, isAll ? clock.now().toISOString() : undefined),
      ),
      clock,
    )
    const question = { digest, commit: github.sha || undefined, run: runName(github), now: clock.now(), name }
    return overruledText({ ...question, state })
  } catch (error) {
    log.warning(`The deployment completed, but the record could not be told. ${messageOf(error)}`)
    return undefined
  }
}
