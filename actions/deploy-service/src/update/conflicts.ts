import { settleConflicts } from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import { isForced } from '../revision/by-tag.ts'
import type { FoundService, Wanted } from '../revision/types.ts'

/**
 * Deals with deployments that are under way already, as `on-conflict` says. Returns the targets as they are
 * afterwards where it waited, since what they run may then be another revision; else undefined. Throws a UserError
 * when it may not go on; nothing was updated then.
 */
export async function targetsAfterConflicts(
  inputs: Inputs,
  wanted: Wanted[],
  { clients, clock, log, cancelled }: Deps,
): Promise<FoundService[] | undefined> {
  const { cluster, onConflict, timeoutMs } = inputs
  const same = new Set(
    wanted
      .filter((one) => one.changes.length === 0 && !one.inactive && !isForced(inputs, one))
      .map(({ target }) => target.service),
  )
  const services = await settleConflicts(
    { ecs: clients.ecs, clock, log, signal: cancelled },
    wanted.map(({ target }) => target.service),
    {
      cluster,
      onConflict,
      timeoutMs,
      insteadOfWaiting: 'set on-conflict: supersede',
      bringsTheSame: (service) => same.has(service),
    },
  )
  return (
    services &&
    wanted.map(({ target }) => {
      const service = services.find(({ serviceArn }) => serviceArn === target.service.serviceArn) ?? target.service
      return { ...target, service, runs: service.taskDefinition ?? target.runs }
    })
  )
}
