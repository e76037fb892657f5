import { messageOf } from '@deploy-actions/action-kit'
import { imageText, pinned } from '@deploy-actions/ecr'
import {
  applyChanges,
  familyRevision,
  registerOrReuse,
  type ServiceUpdateResult,
  toRegisterInput,
  updateOne,
} from '@deploy-actions/ecs'
import { isStraight } from './choose.ts'
import type { Deps } from './deps.ts'
import { imageIn } from './images.ts'
import type { Inputs } from './inputs.ts'
import type { ServiceEnd } from './story.ts'
import type { ServiceTarget } from './target.ts'

/** The deployment that takes one service back, or why there is none. */
export type WayBack = Pick<ServiceEnd, 'started' | 'error' | 'uncertain'>

/** Starts the way back of every service at once. One that cannot start does not hold up the others. */
export async function goBack(services: ServiceTarget[], inputs: Inputs, deps: Deps): Promise<WayBack[]> {
  return Promise.all(
    services.map(async (service): Promise<WayBack> => {
      try {
        const go = isStraight(service, inputs) ? straight : swap
        return wayBackOf(service, await go(service, inputs, deps), deps)
      } catch (error) {
        return { error: deps.signal.aborted ? cancelled : messageOf(error) }
      }
    }),
  )
}

const cancelled = 'The run was cancelled before ECS was asked to update the service.'

/**
 * Onto the known good definition as it is. One that was deregistered meanwhile is registered again with the same
 * content.
 */
async function straight(service: ServiceTarget, inputs: Inputs, deps: Deps): Promise<ServiceUpdateResult> {
  const { ecs, log } = deps
  const reference = service.taskDefinition ?? ''
  const result = await update(service, reference, inputs, deps)
  if (result.kind !== 'refused' || !isInactive(result.cause)) return result
  const again = await registerOrReuse(ecs, toRegisterInput(await deps.definition(reference)), { log })
  log.warning(
    `${reference} was deregistered (INACTIVE) and cannot be deployed; ${again.registered ? `${again.familyRevision} was registered with the same content` : `${again.familyRevision} has the same content`} and takes its place.`,
  )
  return update(service, again.arn, inputs, deps)
}

/** Onto a new revision of the present definition, in which only the image is another. */
async function swap(service: ServiceTarget, inputs: Inputs, deps: Deps): Promise<ServiceUpdateResult> {
  const { ecs, log } = deps
  const { present, digest = '' } = service
  const { container, image } = await imageIn(present.arn, inputs, deps)
  const wanted = applyChanges(toRegisterInput(await deps.definition(present.arn)), {
    container,
    image: imageText(pinned(image, digest)),
  })
  const revision = await registerOrReuse(ecs, wanted, { log })
  log.info(
    `${present.service}: ${revision.registered ? 'registered' : 'reusing'} ${revision.familyRevision}, ${present.taskDefinition} with the image swapped.`,
  )
  return update(service, revision.arn, inputs, deps)
}

/** A running deployment is simply replaced, and the newest one stopped where ECS takes no more. */
async function update(
  { present }: ServiceTarget,
  taskDefinition: string,
  { cluster, timeoutMs }: Inputs,
  { lastingEcs, log, clock, signal }: Deps,
): Promise<ServiceUpdateResult> {
  const { service, described: before } = present
  signal.throwIfAborted()
  return updateOne(
    { ecs: lastingEcs, log, clock, signal },
    { cluster, service, taskDefinition, brings: taskDefinition, before, makeRoomMs: timeoutMs },
  )
}

function wayBackOf({ present }: ServiceTarget, result: ServiceUpdateResult, { log }: Deps): WayBack {
  const { service, taskDefinition } = present
  if (result.kind === 'refused') return { error: result.message }
  if (result.kind === 'unanswered')
    return {
      uncertain: true,
      error: `UpdateService came to no clear answer (${result.message}), so the way back may or may not have begun: look at the service, or run the rollback again.`,
    }
  const { started } = result
  const now = familyRevision(started.taskDefinition)
  log.info(
    started.created
      ? `${service}: ${taskDefinition} → ${now}, deployment ${started.deploymentId} has begun.`
      : `${service} is on ${now} already; ECS starts no deployment.`,
  )
  return { started }
}

function isInactive(cause: unknown): boolean {
  return cause instanceof Error && cause.cause instanceof Error && /inactive/i.test(cause.cause.message)
}
