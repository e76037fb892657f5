import type { Service } from '@aws-sdk/client-ecs'
import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import {
  currentDeployment,
  describeService,
  familyRevision,
  type StartedDeployment,
  startDeployment,
} from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import { isForced } from './images-by-tag.ts'
import type { Inputs } from './inputs.ts'
import type { OpenBook } from './open-deployments.ts'
import type { Revision, Wanted } from './revisions.ts'
import type { Target } from './services.ts'

export interface Updated {
  started: StartedDeployment[]
  refused: Refused[]
}

/** A service whose update failed. It is as it was, unless `uncertain`. */
export interface Refused {
  name: string
  message: string
  uncertain: boolean
}

/** GitHub shows ten annotations of a kind per step; the verdict needs its own. */
const annotationsAtMost = 5

/**
 * Updates every service. One that is refused does not hold back the others; which went and which did not is said. Throws when all were refused.
 */
export async function updateServices(
  inputs: Inputs,
  wanted: Wanted[],
  revisions: Revision[],
  book: OpenBook,
  deps: Deps,
): Promise<Updated> {
  if (deps.cancelled.aborted) throw new UserError('Cancelled before any service was updated. Nothing was changed.')
  const started: StartedDeployment[] = []
  const refused: Refused[] = []
  const openings = wanted.map((one, index) => opening(inputs, one.target, revisions[index]!, deps))
  book.asked(openings)
  await Promise.all(
    wanted.map(async (one, index) => {
      const { target } = one
      const revision = revisions[index]!
      try {
        const service = await update(inputs, one, revision, deps)
        started.push(service)
        // At once, as a run may be killed before the last service is updated.
        book.answered(service)
        sayStarted(target, service, inputs, deps)
      } catch (error) {
        const uncertain = !isUserError(error)
        // Of a cancelled run nobody looks at the service; `post` does.
        if (!uncertain || !deps.cancelled.aborted) book.closed(target.name)
        refused.push({
          name: target.name,
          uncertain,
          message: uncertain ? uncertainText(target.name, error) : messageOf(error),
        })
      }
    }),
  )
  const position = (name: string) => wanted.findIndex(({ target }) => target.name === name)
  started.sort((a, b) => position(a.service) - position(b.service))
  if (started.length === 0) throw new UserError(allRefused(refused, revisions))
  for (const [index, { name, message, uncertain }] of refused.entries()) {
    const say = index < annotationsAtMost ? deps.log.error : deps.log.info
    say(uncertain ? message : `${name} was not updated. ${message}`)
  }
  return { started, refused }
}

async function update(inputs: Inputs, wanted: Wanted, revision: Revision, deps: Deps): Promise<StartedDeployment> {
  const { name, service } = wanted.target
  const { ecs } = deps.clients
  const serviceArn = service.serviceArn ?? name
  // ECS replaces deploymentConfiguration as a whole, so what is not passed goes back as it is right now.
  const before = inputs.settings ? await describeService(ecs, inputs.cluster, serviceArn) : service
  try {
    const started = await startDeployment(ecs, {
      cluster: inputs.cluster,
      service: serviceArn,
      ...(isAsked(inputs) || revision.arn !== wanted.target.runs ? { taskDefinition: revision.arn } : {}),
      forceNewDeployment: isForced(inputs, wanted) || isFailedAttempt(service, revision),
      settings: inputs.settings,
      before,
    })
    return withSafePrevious(started, before)
  } catch (error) {
    const adopted = isUserError(error) ? undefined : await adopt(inputs, before, revision, deps)
    if (!adopted) throw error
    deps.log.info(`${name}: the answer of UpdateService was lost (${messageOf(error)}), the deployment was not.`)
    return withSafePrevious(adopted, before)
  }
}

/** Whether the inputs say what the task definition is to be. If not, whatever the service runs by now is not sent back to it. */
function isAsked(inputs: Inputs): boolean {
  const { image, taskDefinition, variables, secrets, command, cpu, memory, parametersPath } = inputs
  const names = Object.keys({ ...variables, ...secrets })
  return (
    names.length > 0 || [image, taskDefinition, command, cpu, memory, parametersPath].some((one) => one !== undefined)
  )
}

/** After an answer that was lost: the deployment that the update started all the same, if it shows. */
async function adopt(
  { cluster }: Inputs,
  before: Service,
  revision: Revision,
  { clients, cancelled }: Deps,
): Promise<StartedDeployment | undefined> {
  try {
    const ecs = cancelled.aborted ? clients.urgentEcs() : clients.ecs
    const found = currentDeployment(cluster, await describeService(ecs, cluster, before.serviceArn ?? ''))
    const previous = primaryOf(before)
    if (found.deploymentId === previous?.id || found.taskDefinition !== revision.arn) return undefined
    return {
      ...found,
      previousTaskDefinition: previous?.taskDefinition ?? found.taskDefinition,
      previousDeploymentId: previous?.id ?? found.deploymentId,
      eventsFrom: found.createdAt,
      created: true,
    }
  } catch {
    return undefined
  }
}

/**
 * With the revision that ECS would roll back to as the previous one. That is not what was PRIMARY when this is the fix of a deployment that never
 * completed, but the newest one that did, which is still listed while its tasks run (ECS developer guide: deployment circuit breaker).
 */
function withSafePrevious(started: StartedDeployment, before: Service): StartedDeployment {
  return started.created
    ? { ...started, previousTaskDefinition: safeRevision(before) ?? started.previousTaskDefinition }
    : started
}

function safeRevision({ deployments = [] }: Service): string | undefined {
  return deployments
    .filter(({ rolloutState }) => rolloutState === 'COMPLETED')
    .sort((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))[0]?.taskDefinition
}

/** Without rollback a FAILED deployment stays PRIMARY. To ask for the same again means to try again, which ECS only does when forced. */
function isFailedAttempt(service: Service, revision: Revision): boolean {
  const primary = primaryOf(service)
  return primary?.rolloutState === 'FAILED' && primary.taskDefinition === revision.arn
}

function opening({ cluster }: Inputs, { name, service }: Target, revision: Revision, { clock }: Deps) {
  const primary = primaryOf(service)
  return {
    cluster,
    service: name,
    serviceArn: service.serviceArn ?? name,
    ...(primary?.id && { previousDeploymentId: primary.id }),
    createdAt: clock.now().toISOString(),
    taskDefinition: revision.arn,
    previousTaskDefinition: safeRevision(service) ?? primary?.taskDefinition ?? revision.arn,
  }
}

/** A lost connection, or an error that this step does not know: the update may have happened all the same. */
function uncertainText(name: string, error: unknown): string {
  return `UpdateService of ${name} came to no clear answer (${messageOf(error)}), so it may or may not have started a deployment: look at the service before you run the job again.`
}

function allRefused(refused: Refused[], revisions: Revision[]): string {
  const messages = [...new Set(refused.map(({ message }) => message))].join('\n')
  if (refused.some(({ uncertain }) => uncertain)) return messages
  return `${messages}\n${refused.length === 1 ? 'The service was not updated' : 'No service was updated'}${registeredText(revisions)}.`
}

function registeredText(revisions: Revision[]): string {
  const names = [
    ...new Set(revisions.filter(({ registered }) => registered).map((revision) => revision.familyRevision)),
  ]
  return names.length > 0
    ? `; ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} registered and not used by any service`
    : ''
}

function sayStarted({ name, runs }: Target, one: StartedDeployment, { settings }: Inputs, { log }: Deps): void {
  const to = familyRevision(one.taskDefinition)
  if (!one.created)
    log.info(
      `${name}: ${settings ? 'settings sent, no task definition changed' : 'nothing changed'}, ${to} is what it runs (${one.deploymentId}). No new deployment.`,
    )
  else if (one.taskDefinition === runs) log.info(`${name}: new deployment ${one.deploymentId} of the same ${to}.`)
  else log.info(`${name}: ${familyRevision(runs)} → ${to}, deployment ${one.deploymentId}.`)
}

function primaryOf(service: Service) {
  return service.deployments?.find(({ status }) => status === 'PRIMARY')
}
