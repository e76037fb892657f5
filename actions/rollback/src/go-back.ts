import { messageOf } from '@deploy-actions/action-kit'
import { imageText, pinned } from '@deploy-actions/ecr'
import {
  applyChanges,
  familyRevision,
  registerOrReuse,
  type ServiceUpdateResult,
  type StartedDeployment,
  toRegisterInput,
  updateOne,
} from '@deploy-actions/ecs'
import type { Move } from './choose.ts'
import type { Deps } from './deps.ts'
import { imagePlace } from './images.ts'
import type { Inputs } from './inputs.ts'

/** A service's way back that has begun, or why it has not. */
export type WayBack =
  | { move: Move; started: StartedDeployment }
  /** `uncertain`: ECS may have begun it all the same. */
  | { move: Move; error: string; uncertain?: boolean }

/** Starts the way back of every service at once. One that cannot start does not hold up the others. */
export async function goBack(moves: Move[], inputs: Inputs, deps: Deps): Promise<WayBack[]> {
  return Promise.all(
    moves.map(async (move): Promise<WayBack> => {
      try {
        const result = move.way === 'straight' ? await straight(move, inputs, deps) : await swap(move, inputs, deps)
        return startOf(move, result, deps)
      } catch (error) {
        return { move, error: messageOf(error) }
      }
    }),
  )
}

/** Onto the known good definition as it is. One that was deregistered meanwhile is registered again with the same content. */
async function straight(move: Move, inputs: Inputs, deps: Deps): Promise<ServiceUpdateResult> {
  const { ecs, log } = deps
  const reference = move.taskDefinition ?? ''
  const result = await update(move, reference, inputs, deps)
  if (result.kind !== 'refused' || !isInactive(result.cause)) return result
  const again = await registerOrReuse(ecs, toRegisterInput(await deps.definition(reference)), { log })
  log.warning(
    `${reference} was deregistered (INACTIVE) and cannot be deployed; ${again.registered ? `${again.familyRevision} was registered with the same content` : `${again.familyRevision} has the same content`} and takes its place.`,
  )
  return update(move, again.arn, inputs, deps)
}

/** Onto a new revision of the present definition, in which only the image is another. */
async function swap(move: Move, inputs: Inputs, deps: Deps): Promise<ServiceUpdateResult> {
  const { ecs, log } = deps
  const fetched = await deps.definition(move.present.arn)
  const { container, image } = imagePlace(fetched.taskDefinition, inputs)
  const wanted = applyChanges(toRegisterInput(fetched), {
    container,
    image: imageText(pinned(image, move.digest ?? '')),
  })
  const revision = await registerOrReuse(ecs, wanted, { log })
  log.info(
    `${move.present.service}: ${revision.registered ? 'registered' : 'reusing'} ${revision.familyRevision}, ${move.present.taskDefinition} with the image swapped.`,
  )
  return update(move, revision.arn, inputs, deps)
}

/** A running deployment is simply replaced, and the newest one stopped where ECS takes no more. */
function update(
  { present }: Move,
  taskDefinition: string,
  { cluster, timeoutMs }: Inputs,
  { lastingEcs, log, clock, signal }: Deps,
): Promise<ServiceUpdateResult> {
  const { service, described: before } = present
  return updateOne(
    { ecs: lastingEcs, log, clock, signal },
    { cluster, service, taskDefinition, brings: taskDefinition, before, makeRoomMs: timeoutMs },
  )
}

function startOf(move: Move, result: ServiceUpdateResult, { log }: Deps): WayBack {
  const { service, taskDefinition } = move.present
  if (result.kind === 'refused') return { move, error: result.message }
  if (result.kind === 'unanswered')
    return {
      move,
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
  return { move, started }
}

function isInactive(cause: unknown): boolean {
  return cause instanceof Error && cause.cause instanceof Error && /inactive/i.test(cause.cause.message)
}
