import { isUserError, messageOf } from '@deploy-actions/action-kit'
import { imageText, pinned } from '@deploy-actions/ecr'
import {
  applyChanges,
  currentDeployment,
  familyRevision,
  registerOrReuse,
  type StartedDeployment,
  startDeployment,
  stopDeployment,
  toRegisterInput,
} from '@deploy-actions/ecs'
import type { Move } from './choose.ts'
import type { Deps } from './deps.ts'
import { imagePlace } from './images.ts'
import type { Inputs } from './inputs.ts'

export type Start = { move: Move; started: StartedDeployment } | { move: Move; error: string }

/** Starts the way back of every service at once. One that cannot start does not hold up the others. */
export async function goBack(moves: Move[], inputs: Inputs, deps: Deps): Promise<Start[]> {
  return Promise.all(
    moves.map(async (move): Promise<Start> => {
      try {
        const started = move.way === 'straight' ? await straight(move, inputs, deps) : await swap(move, inputs, deps)
        return { move, started }
      } catch (error) {
        if (!isUserError(error)) throw error
        return { move, error: messageOf(error) }
      }
    }),
  )
}

/** Onto the known good definition as it is. One that was deregistered meanwhile is registered again with the same content. */
async function straight(move: Move, inputs: Inputs, deps: Deps): Promise<StartedDeployment> {
  const { ecs, log } = deps
  const reference = move.taskDefinition ?? ''
  try {
    return await update(move, reference, inputs, deps)
  } catch (error) {
    if (!says(error, /inactive/i)) throw error
    const again = await registerOrReuse(ecs, toRegisterInput(await deps.definition(reference)), { log })
    log.warning(
      `${reference} was deregistered (INACTIVE) and cannot be deployed; ${again.registered ? `${again.familyRevision} was registered with the same content` : `${again.familyRevision} has the same content`} and takes its place.`,
    )
    return update(move, again.arn, inputs, deps)
  }
}

/** Onto a new revision of the present definition, in which only the image is another. */
async function swap(move: Move, inputs: Inputs, deps: Deps): Promise<StartedDeployment> {
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

async function update(move: Move, taskDefinition: string, inputs: Inputs, deps: Deps): Promise<StartedDeployment> {
  const { present } = move
  const started = await updateWhenThereIsRoom(move, taskDefinition, inputs, deps)
  const now = familyRevision(started.taskDefinition)
  deps.log.info(
    started.created
      ? `${present.service}: ${present.taskDefinition} → ${now}, deployment ${started.deploymentId} has begun.`
      : `${present.service} is on ${now} already; ECS starts no deployment.`,
  )
  return started
}

/**
 * A running deployment is simply replaced. Only where five are active already does ECS take no more (aws/containers-roadmap#2836): then the newest is stopped,
 * and the update repeated until one has gone.
 */
async function updateWhenThereIsRoom(
  { present }: Move,
  taskDefinition: string,
  { cluster, timeoutMs }: Inputs,
  { ecs, log, clock, signal }: Deps,
): Promise<StartedDeployment> {
  const { service, described: before } = present
  const until = clock.now().getTime() + timeoutMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await startDeployment(ecs, { cluster, service, taskDefinition, before })
    } catch (error) {
      if (!says(error, /active deployments exist/i) || signal.aborted || clock.now().getTime() > until) throw error
      if (attempt === 0) {
        log.warning(`${service}: five deployments are active, more ECS does not take; waiting for one to end.`)
        const { text } = await stopDeployment(ecs, currentDeployment(cluster, before))
        log.info(text)
      }
      await clock.sleep(3_000, signal)
    }
  }
}

function says(error: unknown, what: RegExp): boolean {
  return isUserError(error) && error.cause instanceof Error && what.test(error.cause.message)
}
