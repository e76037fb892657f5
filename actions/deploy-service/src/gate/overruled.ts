import { messageOf } from '@deploy-actions/action-kit'
import { type DeploymentOutcome, familyRevision, type StartedDeployment, undoDeployment } from '@deploy-actions/ecs'
import { decisionText, overruled, servicesCompleted, updateRecord } from '@deploy-actions/release'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import type { Wanted } from '../revision/types.ts'
import { asking, knownImages, stateNow } from './question.ts'
import { undoRight } from './undo-right.ts'

/** ECS lists a deployment up to half a minute late. How one ended that was over already is seen by the watch. */
const patience = { patienceMs: 60_000, endMs: 1 }

/**
 * One last look at the record after UpdateService was answered, which throttling can hold up for minutes: a release
 * that was frozen, marked bad or overruled meanwhile is stopped and rolled back by ECS, where the gate allows it.
 * Returns why it is not wanted and what was done; undefined when it is. A record that cannot be read changes
 * nothing.
 */
export async function stopOverruled(
  inputs: Inputs,
  wanted: Wanted[],
  started: StartedDeployment[],
  deps: Deps,
): Promise<string | undefined> {
  if (deps.cancelled.aborted) return undefined
  try {
    const state = await stateNow(inputs, deps)
    const found = await overruled({ ...asking(deps), state, images: knownImages(wanted) }, 'updated')
    if (!state || !found) return undefined
    const why = `${decisionText(found)} while ECS was asked for this deployment, so it is taken back.`
    deps.log.error(why)
    const right = await undoRight(inputs, wanted, state, deps)
    if (!right.allowed) return `${why} It goes on all the same, because the guard forbids to go back: ${right.why}`
    const texts = await Promise.all(started.filter(({ created }) => created).map((one) => stop(one, deps)))
    return [why, ...texts].join(' ')
  } catch (error) {
    deps.log.warning(`Whether releases were frozen while the update was sent was not looked up. ${messageOf(error)}`)
    return undefined
  }
}

async function stop(started: StartedDeployment, { clients, clock, log }: Deps): Promise<string> {
  const result = await undoDeployment({ ecs: clients.lastingEcs(), clock, log }, started, patience)
  return result.kind === 'failed'
    ? `${started.service}: the deployment could not be stopped and goes on: ${messageOf(result.cause)} Run rollback again.`
    : result.text
}

/**
 * Notes which services of this run's release have completed, for the record that begin-release closes. Written once
 * for all of them. Returns why the release is not wanted any more, should an operator have gone back while it was
 * being deployed.
 */
export async function recordCompleted(
  inputs: Inputs,
  outcomes: DeploymentOutcome[],
  wanted: Wanted[],
  deps: Deps,
): Promise<string | undefined> {
  const completed = outcomes.filter(({ verdict }) => verdict === 'completed')
  if (completed.length === 0) return undefined
  const { clients, clock, log } = deps
  const { run, now, commit } = asking(deps)
  const services = Object.fromEntries(
    completed.map(({ started }) => [started.service, familyRevision(started.taskDefinition)]),
  )
  try {
    const noted = servicesCompleted(run, services, now.toISOString())
    const { state } = await updateRecord({ ssm: await clients.ssm(), clock }, inputs.release!, noted)
    const found = await overruled({ run, now, commit, state, images: knownImages(wanted) }, 'completed')
    return (
      found &&
      `${decisionText(found, 'An operator went back')} while this release was being deployed. It completed all the same, so it may serve against that decision: look at what the services run, and run rollback again if it is this release. It is not recorded as one that ended well, and no tag should move to it.`
    )
  } catch (error) {
    log.warning(`The deployment completed, but the record could not be told. ${messageOf(error)}`)
    return undefined
  }
}
