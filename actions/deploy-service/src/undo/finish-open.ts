import type { ECSClient } from '@aws-sdk/client-ecs'
import type { Clock, Log } from '@deploy-actions/action-kit'
import { messageOf } from '@deploy-actions/action-kit'
import { currentDeployment, describeService, type StartedDeployment, stopDeployment } from '@deploy-actions/ecs'
import { createClients } from '../clients.ts'
import type { OpenDeployment, OpenDeployments } from '../deps.ts'

/** ECS lists a deployment up to half a minute after its start. */
const patienceMs = 60_000
/** An update whose answer never came shows within seconds, or was not made. */
const unansweredMs = 20_000
const pauseMs = 2_000

/**
 * Stops what the main process had no time to stop: when it was killed during an update or its watch, or ECS did not
 * list the deployment yet. Nothing to do after any other end, as main then clears the state.
 */
export async function finishOpen(saved: string, { log, clock }: { log: Log; clock: Clock }): Promise<void> {
  const open = JSON.parse(saved) as OpenDeployments
  const names = open.deployments.map(({ service }) => service).join(', ')
  if (open.deployments.length === 0) return
  if (!open.undo.allowed) {
    log.warning(`The run was cancelled while ${names} was being deployed. The deployment goes on: ${open.undo.why}`)
    return
  }
  const ecs = createClients({ region: open.region, registryRegion: open.region, log, clock }).lastingEcs()
  await Promise.all(
    open.deployments.map(async (one) => {
      try {
        const started = await startedOf(ecs, one, clock)
        if (!started) {
          log.info(`The run was cancelled right before ${one.service} was updated: it has no new deployment.`)
          return
        }
        const { text } = await stopDeployment(ecs, started, { patienceMs, clock })
        log.warning(`The run was cancelled during the deployment. ${text}`)
      } catch (error) {
        log.warning(
          `The run was cancelled while ${one.service} was being deployed, and the deployment could not be stopped: ${messageOf(error)} It goes on.`,
        )
      }
    }),
  )
}

async function startedOf(ecs: ECSClient, one: OpenDeployment, clock: Clock): Promise<StartedDeployment | undefined> {
  const { deploymentId, previousDeploymentId = '', ...rest } = one
  const createdAt = new Date(one.createdAt)
  if (deploymentId)
    return { ...rest, deploymentId, previousDeploymentId, createdAt, eventsFrom: createdAt, created: true }
  const until = clock.now().getTime() + unansweredMs
  for (;;) {
    const found = currentDeployment(one.cluster, await describeService(ecs, one.cluster, one.serviceArn))
    // Somebody else's update would bring another revision.
    if (found.deploymentId !== previousDeploymentId && found.taskDefinition === one.taskDefinition)
      return { ...found, previousDeploymentId, previousTaskDefinition: one.previousTaskDefinition, created: true }
    if (clock.now().getTime() >= until) return undefined
    await clock.sleep(pauseMs)
  }
}
