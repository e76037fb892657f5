import {
  DescribeServiceDeploymentsCommand,
  type ECSClient,
  type Service,
  type ServiceDeployment,
} from '@aws-sdk/client-ecs'
import { type Clock, formatDuration, isUserError, type Log, messageOf, UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { inBatches } from '../batches.ts'
import { describeDeployableServices } from '../services/describe.ts'
import { primaryOf } from '../services/primary.ts'
import { familyRevision } from '../task-definitions/fetch.ts'

export interface ConflictContext {
  ecs: ECSClient
  clock: Clock
  log: Log
  /** The run's cancel ends the wait. */
  signal: AbortSignal
}

export interface ConflictOptions {
  cluster: string
  onConflict: 'auto' | 'supersede' | 'wait' | 'fail'
  /** How long to wait for deployments that are under way. */
  timeoutMs: number
  /** What to set so as not to wait, as the end of a sentence. */
  insteadOfWaiting: string
  /** Whether what is under way is what we mean to deploy as well, so that only its rollback is in the way. */
  bringsTheSame?: (service: Service) => boolean
}

/** `forward`: starts new tasks and will stop old ones. The others would be left in between by an update. */
type ConflictKind = 'forward' | 'rolling-back' | 'shifting'

interface Conflict {
  service: Service
  kind: ConflictKind
  text: string
}

const pauseMs = 3_000

/**
 * Deals with deployments that are under way already, as `onConflict` says. `auto` supersedes those that only go
 * forward (a crash loop without a breaker is in progress for ever, and its fix must be able to ship) and waits for
 * rollbacks and traffic shifts, during which ECS has no deployment to fall back on. Returns the services as they
 * are afterwards; undefined where none was waited for. What they run may then be another revision. Throws a
 * UserError when it may not go on; nothing was updated then.
 */
export async function settleConflicts(
  context: ConflictContext,
  services: Service[],
  options: ConflictOptions,
): Promise<Service[] | undefined> {
  const { onConflict, cluster } = options
  const conflicts = await findConflicts(context, services, options)
  if (conflicts.length === 0) return undefined
  if (onConflict === 'fail')
    throw new UserError(
      `${conflicts.map(({ text }) => text).join('\n')}\non-conflict is fail, so nothing was updated. Run the job again when it has ended.`,
    )
  const waitFor = conflicts.filter(({ kind }) => onConflict === 'wait' || (onConflict === 'auto' && kind !== 'forward'))
  for (const conflict of conflicts.filter((one) => !waitFor.includes(one)))
    if (conflict.kind === 'forward') context.log.info(`${conflict.text} It is superseded.`)
    else
      context.log.warning(
        `${conflict.text} It is superseded all the same, as on-conflict is supersede: should this release fail, ECS may have nothing to roll back to.`,
      )
  if (waitFor.length === 0) return undefined
  for (const { text } of waitFor) context.log.info(`${text} Waiting until it has ended.`)
  await waitUntilEnded(context, waitFor, options)
  return describeDeployableServices(context.ecs, cluster, services.map(arnOf))
}

async function findConflicts(
  context: ConflictContext,
  services: Service[],
  { bringsTheSame }: ConflictOptions,
): Promise<Conflict[]> {
  const underWay = await stillUnderWay(context, services)
  return underWay.flatMap(({ service, deployment }) => {
    const { id, taskDefinition = '', runningCount = 0 } = primaryOf(service) ?? {}
    const name = service.serviceName
    const revision = familyRevision(taskDefinition)
    const kind = kindOf(service, deployment)
    if (kind !== 'rolling-back' && bringsTheSame?.(service)) {
      context.log.info(`${name}: a deployment of the same ${revision} is under way already (${id}).`)
      return []
    }
    const what = { forward: 'in progress', 'rolling-back': 'rolling back', shifting: 'shifting traffic' }[kind]
    const text = `${name}: deployment ${id} of ${revision} is ${what} (${runningCount} of ${service.desiredCount ?? 0} running).`
    return [{ service, kind, text }]
  })
}

function kindOf(service: Service, deployment: ServiceDeployment | undefined): ConflictKind {
  if (deployment?.status?.startsWith('ROLLBACK_') && !hasEnded(deployment)) return 'rolling-back'
  if (isRollingBack(service)) return 'rolling-back'
  const stage = hasEnded(deployment) ? undefined : deployment?.lifecycleStage
  const strategy = service.deploymentConfiguration?.strategy ?? 'ROLLING'
  const shifts = stage?.includes('TRAFFIC_SHIFT') || stage === 'BAKE_TIME'
  return strategy !== 'ROLLING' || shifts ? 'shifting' : 'forward'
}

/**
 * ECS goes back under the old deployment's id: PRIMARY is then older than the one that failed, or says what it is.
 */
function isRollingBack(service: Service): boolean {
  const primary = primaryOf(service)
  if (/rolling back/i.test(primary?.rolloutStateReason ?? '')) return true
  const begun = primary?.createdAt?.getTime() ?? Number.POSITIVE_INFINITY
  return (service.deployments ?? []).some(
    ({ rolloutState, createdAt }) => rolloutState === 'FAILED' && (createdAt?.getTime() ?? 0) > begun,
  )
}

/**
 * Whether the present deployment has succeeded although `rolloutState` lags behind, or stays behind while old tasks
 * leave in the background (ECS API: EarlySuccessCriteria). `currentServiceDeployment` may still name an earlier
 * one, whose end says nothing; nor does the success of long ago that a deployment had which ECS is going back to.
 */
function isOver(service: Service, deployment: ServiceDeployment | undefined): boolean {
  if (deployment?.status !== 'SUCCESSFUL' || isRollingBack(service)) return false
  const number = (text: string | undefined) => text?.split('/').at(-1)
  return number(deployment.targetServiceRevision?.arn) === number(primaryOf(service)?.id)
}

function hasEnded(deployment: ServiceDeployment | undefined): boolean {
  return ['SUCCESSFUL', 'STOPPED', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED'].includes(deployment?.status ?? '')
}

async function stillUnderWay(
  context: ConflictContext,
  services: Service[],
): Promise<{ service: Service; deployment: ServiceDeployment | undefined }[]> {
  const rolling = services.filter((service) => primaryOf(service)?.rolloutState === 'IN_PROGRESS')
  const deployments = await serviceDeployments(context, rolling)
  return rolling
    .map((service) => ({ service, deployment: deployments.get(service.currentServiceDeployment ?? '') }))
    .filter(({ service, deployment }) => !isOver(service, deployment))
}

/** By ARN; empty where the role may not look, as rolloutStateReason then has to do. */
async function serviceDeployments(
  { ecs, log }: ConflictContext,
  services: Service[],
): Promise<Map<string, ServiceDeployment>> {
  const arns = services.flatMap(({ currentServiceDeployment }) => currentServiceDeployment ?? [])
  const answers = await Promise.all(
    inBatches(arns, 20).map((batch) =>
      ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: batch })),
    ),
  ).catch((error: unknown) => {
    if (!isAccessError(error)) throw error
    log.debug(messageOf(error))
    return []
  })
  const found = answers.flatMap(({ serviceDeployments = [] }) => serviceDeployments)
  return new Map(found.map((deployment) => [deployment.serviceDeploymentArn ?? '', deployment]))
}

async function waitUntilEnded(
  context: ConflictContext,
  conflicts: Conflict[],
  { cluster, timeoutMs, insteadOfWaiting }: ConflictOptions,
): Promise<void> {
  const { clock, signal } = context
  const deadline = clock.now().getTime() + timeoutMs
  let busy = conflicts.map(({ service }) => service)
  const names = busy.map(arnOf)
  for (;;) {
    await clock.sleep(pauseMs, signal)
    if (signal.aborted) throw new UserError('Cancelled while waiting for an earlier deployment. Nothing was updated.')
    busy = (await look(context, cluster, names)) ?? busy
    if (busy.length === 0) return
    if (clock.now().getTime() >= deadline)
      throw new UserError(
        `An earlier deployment of ${busy.map(({ serviceName }) => serviceName).join(', ')} had not ended after ${formatDuration(timeoutMs)}. Nothing was updated. Look at it in the AWS console (it may wait at a PAUSE hook), or ${insteadOfWaiting}.`,
      )
  }
}

/** The services that are still busy; undefined when it could not be asked, which is asked again. */
async function look(context: ConflictContext, cluster: string, names: string[]): Promise<Service[] | undefined> {
  try {
    const underWay = await stillUnderWay(context, await describeDeployableServices(context.ecs, cluster, names))
    return underWay.map(({ service }) => service)
  } catch (error) {
    if (isUserError(error)) throw error
    context.log.info(`Waiting is disturbed and goes on: ${messageOf(error)}`)
    return undefined
  }
}

function arnOf({ serviceArn, serviceName = '' }: Service): string {
  return serviceArn ?? serviceName
}
