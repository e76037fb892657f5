import { DescribeServiceDeploymentsCommand, type Service, type ServiceDeployment } from '@aws-sdk/client-ecs'
import { formatDuration, isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { describeDeployableServices, familyRevision } from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import { isForced } from './images-by-tag.ts'
import type { Inputs } from './inputs.ts'
import type { Wanted } from './revisions.ts'
import type { Target } from './services.ts'

/** `forward`: starts new tasks and will stop old ones. The others would be left in between by an update. */
type Kind = 'forward' | 'rolling-back' | 'shifting'

interface Conflict {
  target: Target
  kind: Kind
  text: string
}

const pauseMs = 3_000

/**
 * Deals with deployments that are under way already, as `on-conflict` says. `auto` supersedes those that only go forward (a crash loop without a breaker is
 * in progress for ever, and its fix must be able to ship) and waits for rollbacks and traffic shifts, during which ECS has no deployment to fall back on. Returns
 * the targets as they are afterwards, and whether it waited: what they run may then be another. Throws a UserError when it may not go on; nothing was updated then.
 */
export async function settleConflicts(
  inputs: Inputs,
  wanted: Wanted[],
  deps: Deps,
): Promise<{ targets: Target[]; waited: boolean }> {
  const unchanged = { targets: wanted.map(({ target }) => target), waited: false }
  const conflicts = await findConflicts(inputs, wanted, deps)
  if (conflicts.length === 0) return unchanged
  const all = conflicts.map(({ text }) => text).join('\n')
  if (inputs.onConflict === 'fail')
    throw new UserError(`${all}\non-conflict is fail, so nothing was updated. Run the job again when it has ended.`)
  const waitFor = conflicts.filter(
    ({ kind }) => inputs.onConflict === 'wait' || (inputs.onConflict === 'auto' && kind !== 'forward'),
  )
  for (const conflict of conflicts.filter((one) => !waitFor.includes(one)))
    if (conflict.kind === 'forward') deps.log.info(`${conflict.text} It is superseded.`)
    else
      deps.log.warning(
        `${conflict.text} It is superseded all the same, as on-conflict is supersede: should this release fail, ECS may have nothing to roll back to.`,
      )
  if (waitFor.length === 0) return unchanged
  for (const { text } of waitFor) deps.log.info(`${text} Waiting until it has ended.`)
  await waitUntilEnded(inputs, waitFor, deps)
  const fresh = await describeDeployableServices(deps.clients.ecs, inputs.cluster, inputs.services)
  const targets = unchanged.targets.map((target) => {
    const service = fresh.find(({ serviceArn }) => serviceArn === target.service.serviceArn) ?? target.service
    return { ...target, service, runs: service.taskDefinition ?? target.runs }
  })
  return { targets, waited: true }
}

async function findConflicts(inputs: Inputs, wanted: Wanted[], deps: Deps): Promise<Conflict[]> {
  const rolling = wanted.filter(({ target }) => isRolling(target.service))
  if (rolling.length === 0) return []
  const deployments = await serviceDeployments(
    rolling.map(({ target }) => target.service),
    deps,
  )
  return rolling.flatMap((one) => {
    const { target } = one
    const { name, service } = target
    const primary = primaryOf(service)
    const deployment = deployments.get(service.currentServiceDeployment ?? '')
    if (isOver(service, deployment)) return []
    const kind = kindOf(service, deployment)
    const same = one.changes.length === 0 && !one.inactive && !isForced(inputs, one)
    if (same && kind !== 'rolling-back') {
      deps.log.info(
        `${name}: a deployment of the same ${familyRevision(primary?.taskDefinition ?? '')} is under way already (${primary?.id}).`,
      )
      return []
    }
    const what = { forward: 'in progress', 'rolling-back': 'rolling back', shifting: 'shifting traffic' }[kind]
    const text = `${name}: deployment ${primary?.id} of ${familyRevision(primary?.taskDefinition ?? '')} is ${what} (${primary?.runningCount ?? 0} of ${service.desiredCount ?? 0} running).`
    return [{ target, kind, text }]
  })
}

function kindOf(service: Service, deployment: ServiceDeployment | undefined): Kind {
  const reason = primaryOf(service)?.rolloutStateReason ?? ''
  const rollsBack = deployment?.status === 'ROLLBACK_REQUESTED' || deployment?.status === 'ROLLBACK_IN_PROGRESS'
  if (rollsBack || /rolling back/i.test(reason)) return 'rolling-back'
  const stage = ended(deployment) ? undefined : deployment?.lifecycleStage
  const strategy = service.deploymentConfiguration?.strategy ?? 'ROLLING'
  const shifts = stage?.includes('TRAFFIC_SHIFT') || stage === 'BAKE_TIME'
  return strategy !== 'ROLLING' || shifts ? 'shifting' : 'forward'
}

function isRolling(service: Service): boolean {
  return primaryOf(service)?.rolloutState === 'IN_PROGRESS'
}

/**
 * Whether the present deployment has succeeded although `rolloutState` lags behind, or stays behind while old tasks leave in the background
 * (ECS API: EarlySuccessCriteria). `currentServiceDeployment` may still name an earlier one, whose end says nothing.
 */
function isOver(service: Service, deployment: ServiceDeployment | undefined): boolean {
  if (deployment?.status !== 'SUCCESSFUL') return false
  const number = (text: string | undefined) => text?.split('/').at(-1)
  return number(deployment.targetServiceRevision?.arn) === number(primaryOf(service)?.id)
}

function ended(deployment: ServiceDeployment | undefined): boolean {
  return ['SUCCESSFUL', 'STOPPED', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED'].includes(deployment?.status ?? '')
}

/** By ARN; empty where the role may not look, as rolloutStateReason then has to do. */
async function serviceDeployments(
  services: Service[],
  { clients, log }: Deps,
): Promise<Map<string, ServiceDeployment>> {
  const arns = services.flatMap(({ currentServiceDeployment }) => currentServiceDeployment ?? [])
  const found = new Map<string, ServiceDeployment>()
  try {
    for (let at = 0; at < arns.length; at += 20) {
      const { serviceDeployments: page = [] } = await clients.ecs.send(
        new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: arns.slice(at, at + 20) }),
      )
      for (const deployment of page) found.set(deployment.serviceDeploymentArn ?? '', deployment)
    }
  } catch (error) {
    if (!isAccessError(error)) throw error
    log.debug(messageOf(error))
  }
  return found
}

async function waitUntilEnded({ cluster, timeoutMs }: Inputs, conflicts: Conflict[], deps: Deps): Promise<void> {
  const { clock, cancelled } = deps
  const deadline = clock.now().getTime() + timeoutMs
  const names = conflicts.map(({ target }) => target.service.serviceArn ?? target.name)
  for (;;) {
    await clock.sleep(pauseMs, cancelled)
    if (cancelled.aborted)
      throw new UserError('Cancelled while waiting for an earlier deployment. Nothing was updated.')
    const busy = await stillBusy(cluster, names, deps)
    if (busy?.length === 0) return
    if (clock.now().getTime() >= deadline)
      throw new UserError(
        `An earlier deployment of ${(busy ?? conflicts.map(({ target }) => target.name)).join(', ')} had not ended after ${formatDuration(timeoutMs)}. Nothing was updated. Look at it in the AWS console (it may wait at a PAUSE hook), or set on-conflict: supersede.`,
      )
  }
}

/** Names; undefined when it could not be asked, which is asked again. */
async function stillBusy(cluster: string, names: string[], deps: Deps): Promise<string[] | undefined> {
  try {
    const services = await describeDeployableServices(deps.clients.ecs, cluster, names)
    const rolling = services.filter(isRolling)
    const deployments = rolling.length > 0 ? await serviceDeployments(rolling, deps) : new Map()
    return rolling
      .filter((service) => !isOver(service, deployments.get(service.currentServiceDeployment ?? '')))
      .map(({ serviceName = '' }) => serviceName)
  } catch (error) {
    if (isUserError(error)) throw error
    deps.log.info(`Waiting is disturbed and goes on: ${messageOf(error)}`)
    return undefined
  }
}

function primaryOf(service: Service) {
  return service.deployments?.find(({ status }) => status === 'PRIMARY')
}
