import { messageOf } from '@deploy-actions/action-kit'
import { type DeploymentOutcome, familyRevision } from '@deploy-actions/ecs'
import { decisionText, overruled, runName, servicesCompleted, updateRecord } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import { knownImages } from './gate.ts'
import type { Inputs } from './inputs.ts'
import type { Wanted } from './revision/types.ts'

/**
 * Notes which services of this run's release have completed, for the record that begin-release closes. Written once for
 * all of them. Returns why the release is not wanted any more, should an operator have gone back while it was being
 * deployed.
 */
export async function recordCompleted(
  { release }: Inputs,
  outcomes: DeploymentOutcome[],
  wanted: Wanted[],
  deps: Deps,
): Promise<string | undefined> {
  const completed = outcomes.filter(({ verdict }) => verdict === 'completed')
  if (!release || completed.length === 0) return undefined
  const { clock, github, log } = deps
  const run = runName(github)
  const services = Object.fromEntries(
    completed.map(({ started }) => [started.service, familyRevision(started.taskDefinition)]),
  )
  try {
    const store = { ssm: await deps.clients.ssm(), clock }
    const { state } = await updateRecord(store, release, servicesCompleted(run, services, clock.now().toISOString()))
    const question = { state, images: knownImages(wanted), commit: github.sha || undefined, run, now: clock.now() }
    const found = overruled(question, 'completed')
    return (
      found &&
      `An operator went back${decisionText(found.decision)} while this release was being deployed. It completed all the same, so it may serve against that decision: look at what the services run, and run rollback again if it is this release. It is not recorded as one that ended well, and no tag should move to it.`
    )
  } catch (error) {
    log.warning(`The deployment completed, but the record could not be told. ${messageOf(error)}`)
    return undefined
  }
}
