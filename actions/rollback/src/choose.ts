import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import { repositoryOf } from '@deploy-actions/ecr'
import {
  askGate,
  emptyState,
  type GateAnswer,
  gateText,
  hasSchema,
  type RecordState,
  recordName,
  type SchemaReader,
  schemaReader,
  warningText,
} from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import { imagePlace, whyUnusable } from './images.ts'
import type { Inputs } from './inputs.ts'
import { isMigrating, type Situation } from './situation.ts'
import { presentImage, type ServiceTarget, type Target, targetsOf } from './target.ts'

/**
 * How one service goes back: straight onto a task definition, or onto a new revision of the present one with the image
 * swapped.
 */
export interface Move extends ServiceTarget {
  way: 'straight' | 'swap'
}

export type Choice =
  | { refused: false; target: Target; moves: Move[]; warnings: string[]; ask: AskAgain }
  | { refused: true; target: Target; message: string }

/** Asks the gate about the same way back on another state of the record. */
export type AskAgain = (state: RecordState | undefined) => Promise<GateAnswer>

/**
 * Finds the target and asks the gate, before anything is written. With priority panic nothing is asked of AWS that the
 * record can answer; otherwise the image has to be in ECR, and a candidate whose image is gone gives way to the next
 * older one.
 */
export async function choose(inputs: Inputs, situation: Situation, deps: Deps): Promise<Choice> {
  const targets = await targetsOf(inputs, situation, deps)
  const gone: string[] = []
  for (const target of targets) {
    const services = await Promise.all(target.services.map((service) => withDigest(service, inputs, situation, deps)))
    const problem = inputs.priority === 'panic' ? undefined : await whyGone(services, inputs, deps)
    if (problem) {
      gone.push(problem)
      if (target !== targets.at(-1)) deps.log.warning(`${problem} Looking at the release before it.`)
      continue
    }
    const digests = new Set(services.map(({ digest }) => digest))
    const digest = target.digest ?? (digests.size === 1 ? [...digests][0] : undefined)
    return gated({ ...target, services, digest }, inputs, situation, deps)
  }
  throw new UserError(
    `${gone.at(-1)} Nothing was changed. Name another target: to: a digest, a commit or family:revision.`,
  )
}

async function gated(target: Target, inputs: Inputs, situation: Situation, deps: Deps): Promise<Choice> {
  const moves = target.services.map((service) => ({ ...service, way: wayOf(service, inputs) }))
  const lost = moves.find(({ way, digest, taskDefinition }) => (way === 'swap' ? !digest : !taskDefinition))
  if (lost)
    throw new UserError(`What service "${lost.present.service}" could go back to is not known. Nothing was changed.`)
  const ask = gateFor(target, inputs, situation, deps)
  if (!inputs.record) return { refused: false, target, moves, warnings: [], ask }
  const answer = await ask(situation.state)
  const name = recordName(inputs.record)
  if (!answer.go) return { refused: true, target, message: gateText(answer.refusal, name) }
  return { refused: false, target, moves, warnings: answer.warnings.map((one) => warningText(one, name)), ask }
}

/** An operator who goes across the schema in panic is not held up by an image that does not tell what it expects. */
function gateFor(target: Target, inputs: Inputs, { holder }: Situation, deps: Deps): AskAgain {
  const { priority, acrossSchema } = inputs
  const read = lazyReader(inputs, target, deps)
  const images = target.services.map(({ digest, taskDefinition = '' }) => ({
    name: digest ?? taskDefinition,
    digest,
    read,
  }))
  return async (state) => {
    const question = { state, purpose: 'rollback' as const, now: deps.clock.now(), named: target.byName, acrossSchema }
    try {
      return await askGate({ ...question, images, running: isMigrating(state, holder) })
    } catch (error) {
      if (priority !== 'panic' || !acrossSchema || deps.signal.aborted) throw error
      deps.log.warning(`across-schema goes on, although the guard could not be asked: ${messageOf(error)}`)
      return askGate({ ...question, images: [] })
    }
  }
}

/**
 * Panic and a chosen definition go straight; so does a release of the very image that runs, which differs only in its
 * definition.
 */
function wayOf({ digest, taskDefinition, present }: ServiceTarget, { priority, to }: Inputs): 'straight' | 'swap' {
  if (to.kind === 'task-definition') return 'straight'
  if (!taskDefinition) return 'swap'
  if (priority === 'panic' || !digest) return 'straight'
  return digest === present.digest ? 'straight' : 'swap'
}

/** Looks whether the images are still there, without panic's hurry. Returns why the way back cannot be taken. */
async function whyGone(services: ServiceTarget[], inputs: Inputs, deps: Deps): Promise<string | undefined> {
  const onDenied = (message: string) => deps.log.warning(message)
  const problems = await Promise.all(
    services.map(async ({ present, digest }) => {
      const place = await presentImage(inputs, present, deps).catch((error: unknown) => {
        // A definition whose image cannot be pinned only stops those who have to swap it.
        if (!isUserError(error) || inputs.to.kind !== 'task-definition') throw error
        return undefined
      })
      return digest && place ? whyUnusable(deps.ecr, place.image, digest, onDenied) : undefined
    }),
  )
  return problems.find((problem) => problem !== undefined)
}

/**
 * With the digest that the definition pins, where only the definition is known. One that does not exist is the user's
 * mistake. Panic reads it beside the deployment, where no schema is to be guarded.
 */
async function withDigest(
  service: ServiceTarget,
  inputs: Inputs,
  { state = emptyState }: Situation,
  { definition }: Deps,
): Promise<ServiceTarget> {
  const isHurried = inputs.priority === 'panic' && !(inputs.record && hasSchema(state, 'rollback'))
  if (service.digest || !service.taskDefinition || isHurried) return service
  const { taskDefinition } = await definition(service.taskDefinition)
  try {
    return { ...service, digest: imagePlace(taskDefinition, inputs).image.digest }
  } catch (error) {
    if (!isUserError(error) || inputs.priority !== 'panic') throw error
    return service
  }
}

/** The repository is looked up only when labels have to be read. */
export function lazyReader(inputs: Inputs, target: Target, deps: Deps): SchemaReader {
  let reader: Promise<SchemaReader> | undefined
  const open = async () => {
    if (inputs.repository) return schemaReader(deps.ecr, { name: inputs.repository, registryId: inputs.registry })
    const { image } = await presentImage(inputs, target.services[0]!.present, deps)
    return image.kind === 'ecr' ? schemaReader(deps.ecr, repositoryOf(image)) : async () => undefined
  }
  return async (digest) => {
    reader ??= open()
    return (await reader)(digest)
  }
}
