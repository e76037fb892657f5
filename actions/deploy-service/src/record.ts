import { messageOf } from '@deploy-actions/action-kit'
import { parseImageReference } from '@deploy-actions/ecr'
import { type DeploymentOutcome, familyRevision } from '@deploy-actions/ecs'
import { allOf, serviceDeployed, updateRecord } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import type { Wanted } from './revisions.ts'

/** Notes which services of the release under way have completed, for the record that begin-release closes. Written once for all of them. */
export async function recordCompleted(
  { release }: Inputs,
  outcomes: DeploymentOutcome[],
  wanted: Wanted[],
  deps: Deps,
): Promise<void> {
  if (!release) return
  const changes = outcomes.flatMap(({ started, verdict }) => {
    const image = wanted.find(({ target }) => target.name === started.service)?.image
    const digest = image === undefined ? undefined : parseImageReference(image)?.digest
    return verdict === 'completed' && digest
      ? [serviceDeployed(digest, started.service, familyRevision(started.taskDefinition))]
      : []
  })
  if (changes.length === 0) return
  try {
    await updateRecord(
      await deps.clients.ssm(),
      release.application,
      release.environment,
      allOf(...changes),
      deps.clock,
    )
  } catch (error) {
    deps.log.warning(`The deployment completed, but the record could not be told. ${messageOf(error)}`)
  }
}
