import { isUserError, messageOf } from '@deploy-actions/action-kit'
import {
  applyChanges,
  familyRevision,
  registerOrReuse,
  type StartedDeployment,
  startDeployment,
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
    if (!saysInactive(error)) throw error
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
  const { container, prefix } = imagePlace(fetched.taskDefinition, inputs)
  const wanted = applyChanges(toRegisterInput(fetched), { container, image: `${prefix}@${move.digest}` })
  const revision = await registerOrReuse(ecs, wanted, { log })
  log.info(
    `${move.present.service}: ${revision.registered ? 'registered' : 'reusing'} ${revision.familyRevision}, ${move.present.taskDefinition} with the image swapped.`,
  )
  return update(move, revision.arn, inputs, deps)
}

async function update({ present }: Move, taskDefinition: string, { cluster }: Inputs, { ecs, log }: Deps) {
  const before = present.described
  const started = await startDeployment(ecs, { cluster, service: present.service, taskDefinition, before })
  const now = familyRevision(started.taskDefinition)
  log.info(
    started.created
      ? `${present.service}: ${present.taskDefinition} → ${now}, deployment ${started.deploymentId} has begun.`
      : `${present.service} is on ${now} already; ECS starts no deployment.`,
  )
  return started
}

function saysInactive(error: unknown): boolean {
  return isUserError(error) && error.cause instanceof Error && /inactive/i.test(error.cause.message)
}
