import type { Clock, Log } from '@deploy-actions/action-kit'
import { messageOf } from '@deploy-actions/action-kit'
import { stopDeployment } from '@deploy-actions/ecs'
import { createClients } from './clients.ts'
import type { OpenDeployments } from './deps.ts'

/** ECS lists a deployment up to half a minute after its start. */
const patienceMs = 60_000

/**
 * Stops what the main process had no time to stop: when it was killed in the middle of its watch, or ECS did not list the deployment yet. Nothing to do after
 * any other end, as main then clears the state.
 */
export async function finishOpen(saved: string, { log, clock }: { log: Log; clock: Clock }): Promise<void> {
  const open = JSON.parse(saved) as OpenDeployments
  const names = open.deployments.map(({ service }) => service).join(', ')
  if (open.deployments.length === 0) return
  if (!open.undo.allowed) {
    log.warning(`The run was cancelled while ${names} was being deployed. The deployment goes on: ${open.undo.why}`)
    return
  }
  const { urgentEcs } = createClients({ region: open.region, registryRegion: open.region, log, clock })
  await Promise.all(
    open.deployments.map(async (one) => {
      const createdAt = new Date(one.createdAt)
      try {
        const started = { ...one, createdAt, eventsFrom: createdAt, previousDeploymentId: '', created: true }
        const { text } = await stopDeployment(urgentEcs(), started, { patienceMs, clock })
        log.warning(`The run was cancelled during the deployment. ${text}`)
      } catch (error) {
        log.warning(
          `The run was cancelled while ${one.service} was being deployed, and the deployment could not be stopped: ${messageOf(error)} It goes on.`,
        )
      }
    }),
  )
}
