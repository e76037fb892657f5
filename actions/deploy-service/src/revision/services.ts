import { formatDuration, type Log } from '@deploy-actions/action-kit'
import { describeDeployableServices, familyRevision, primaryOf, rollingBounds, stuckText } from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import type { FoundService } from './types.ts'

/** Describes the services and says what a reader should know before anything changes. */
export async function findServices({ cluster, services, settings }: Inputs, deps: Deps): Promise<FoundService[]> {
  const found = await describeDeployableServices(deps.clients.ecs, cluster, services)
  // The same service may be given by name and by ARN: two updates of it would supersede each other.
  const distinct = [...new Map(found.map((service) => [service.serviceArn, service])).values()]
  const targets = distinct.map((service) => ({
    name: service.serviceName ?? '',
    service,
    runs: service.taskDefinition ?? '',
  }))
  for (const target of targets) sayState(target, deps)
  warnOfBreaker(targets, settings, deps.log)
  for (const { name, service } of targets) {
    const bounds = rollingBounds({
      ...service,
      deploymentConfiguration: { ...service.deploymentConfiguration, ...settings?.deploymentConfiguration },
    })
    if (bounds?.stuck) deps.log.warning(`${name}: ${stuckText(bounds)}`)
  }
  return targets
}

function sayState({ name, service, runs }: FoundService, { log, clock }: Deps): void {
  const primary = primaryOf(service)
  const age = primary?.createdAt
    ? `, deployed ${formatDuration(clock.now().getTime() - primary.createdAt.getTime())} ago`
    : ''
  log.info(
    `${name} runs ${familyRevision(runs)}: ${service.runningCount ?? 0} of ${service.desiredCount ?? 0} tasks${age}.`,
  )
  if (service.desiredCount === 0)
    log.notice(
      `${name} has a desired count of 0: the deployment will complete without starting a task, so it proves nothing about this release. Scale it up to see it run.`,
    )
}

/** One warning for all services whose failing deployment nobody would stop. */
function warnOfBreaker(targets: FoundService[], settings: Inputs['settings'], log: Log): void {
  const without = targets.filter(({ service }) => {
    const configuration = { ...service.deploymentConfiguration, ...settings?.deploymentConfiguration }
    return (configuration.strategy ?? 'ROLLING') === 'ROLLING' && !configuration.deploymentCircuitBreaker?.enable
  })
  if (without.length > 0)
    log.warning(
      `The deployment circuit breaker of ${without.map(({ name }) => name).join(', ')} is off: ECS would go on starting failing tasks for ever, and only the timeout of this step ends it. Set circuit-breaker: rollback, here or where the service is defined.`,
    )
}
