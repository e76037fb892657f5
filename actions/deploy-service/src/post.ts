import type { Clock, Log } from '@deploy-actions/action-kit'
import { messageOf } from '@deploy-actions/action-kit'
import { stopDeployment } from '@deploy-actions/ecs'
import { createClients } from './clients.ts'
import type { OpenDeployments } from './deps.ts'

/**
 * When the main process was killed in the middle of its watch: does what it had no time for. Nothing to do after any other end, as main then clears
 * the state.
 */
export async function finishOpen(saved: string | undefined, { log, clock }: { log: Log; clock: Clock }): Promise<void> {
  if (!saved) return
  const open = JSON.parse(saved) as OpenDeployments
  const names = open.deployments.map(({ service }) => service).join(', ')
  if (open.deployments.length === 0) return
  if (!open.undo.allowed) {
    log.warning(`The step was killed while ${names} was being deployed. The deployment goes on: ${open.undo.why}`)
    return
  }
  const { urgentEcs } = createClients({ region: open.region, registryRegion: open.region, log, clock })
  await Promise.all(
    open.deployments.map(async (one) => {
      const createdAt = new Date(one.createdAt)
      try {
        const result = await stopDeployment(urgentEcs(), {
          ...one,
          createdAt,
          eventsFrom: createdAt,
          previousDeploymentId: '',
          created: true,
        })
        log.warning(`The step was killed during the deployment. ${result.text}`)
      } catch (error) {
        log.warning(
          `The step was killed while ${one.service} was being deployed, and the deployment could not be stopped: ${messageOf(error)} It goes on.`,
        )
      }
    }),
  )
}
