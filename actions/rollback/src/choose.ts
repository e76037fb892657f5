import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import { repositoryOf } from '@deploy-actions/ecr'
import { askGuard, type GuardAnswer, type RecordState, type SchemaReader, schemaReader } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import { type ImagePlace, imagePlace, whyUnusable } from './images.ts'
import type { Inputs } from './inputs.ts'
import type { Present, Situation } from './situation.ts'
import { presentImage, type ServiceTarget, type Target, targetsOf } from './target.ts'

/** How one service goes back: straight onto a task definition, or onto a new revision of the present one with the image swapped. */
export interface Move extends ServiceTarget {
  way: 'straight' | 'swap'
}

export type Choice =
  | { refused: false; target: Target; moves: Move[]; warnings: string[]; level: string | undefined }
  | { refused: true; target: Target; message: string }

/**
 * Finds the target and asks the guard, before anything is written. With priority panic nothing is asked of AWS that the record can answer;
 * otherwise the image has to be in ECR, and a candidate whose image is gone gives way to the next older one.
 */
export async function choose(inputs: Inputs, situation: Situation, deps: Deps): Promise<Choice> {
  const targets = await targetsOf(inputs, situation, deps)
  const gone: string[] = []
  for (const target of targets) {
    const problem = inputs.priority === 'panic' ? undefined : await inspect(target, inputs, deps)
    if (problem) {
      gone.push(problem)
      if (target !== targets.at(-1)) deps.log.warning(`${problem} Looking at the release before it.`)
      continue
    }
    return guarded(target, inputs, situation, deps)
  }
  throw new UserError(
    `${gone.at(-1)} Nothing was changed. Name another target: to: a digest, a commit or family:revision.`,
  )
}

async function guarded(target: Target, inputs: Inputs, situation: Situation, deps: Deps): Promise<Choice> {
  const { state } = situation
  const moves = target.services.map((service) => ({ ...service, way: wayOf(service, inputs) }))
  const lost = moves.find(({ way, digest, taskDefinition }) => (way === 'swap' ? !digest : !taskDefinition))
  if (lost)
    throw new UserError(`What service "${lost.present.service}" could go back to is not known. Nothing was changed.`)
  const choice: Choice = { refused: false, target, moves, warnings: [], level: target.release?.level }
  if (!inputs.record) return choice

  const read = lazyReader(inputs, target, deps)
  const digests = new Set<string>()
  for (const move of moves) {
    move.digest ??= mayHaveMigrations(state) ? await digestIn(move, inputs, deps) : undefined
    if (move.digest) digests.add(move.digest)
    else if (mayHaveMigrations(state) && !inputs.acrossSchema)
      return {
        refused: true,
        target,
        message: `${move.taskDefinition} does not pin its image by digest, so the schema level that it expects cannot be known; ${databaseText(state)}. Nothing was changed. Name a digest or commit, or set across-schema: true when you know that this code works with the present schema.`,
      }
  }
  for (const digest of digests) {
    const bad = target.byName ? undefined : state?.bad.find((entry) => entry.digest === digest)
    if (bad)
      return {
        refused: true,
        target,
        message: `${digest} was marked bad on ${bad.since}: ${bad.reason ?? 'no reason given'}. Nothing was changed. Name it as a digest to go there all the same.`,
      }
    const answer = await answerOf(digest, inputs, situation, read, deps)
    if (!answer) continue
    if (answer.answer !== 'go') return { refused: true, target, message: answer.message }
    choice.warnings.push(...answer.warnings)
  }
  target.digest ??= digests.size === 1 ? [...digests][0] : undefined
  return choice
}

/** An operator who goes across the schema in panic is not held up by an image that does not tell what it expects. */
async function answerOf(
  digest: string,
  { priority, acrossSchema }: Inputs,
  { state, migrating: running }: Situation,
  read: SchemaReader,
  { log, signal }: Deps,
): Promise<GuardAnswer | undefined> {
  try {
    return await askGuard({ purpose: 'rollback', digest, state, read, acrossSchema, running })
  } catch (error) {
    if (priority !== 'panic' || !acrossSchema || signal.aborted) throw error
    log.warning(`across-schema goes on, although the guard could not be asked: ${messageOf(error)}`)
    return undefined
  }
}

/** Only a database that certainly has no migrations can do without knowing the code that comes. */
function mayHaveMigrations(state: RecordState | undefined): boolean {
  return state?.schema?.level !== 'none' || state.pending !== undefined || state.attempt?.level.includes('.') === true
}

function databaseText(state: RecordState | undefined): string {
  if (state?.pending) return `a migration to ${state.pending.level} is pending`
  return state?.schema ? `the database has ${state.schema.level}` : 'what the database has is not on record'
}

/** Panic and a chosen definition go straight; so does a release of the very image that runs, which differs only in its definition. */
function wayOf({ digest, taskDefinition, present }: ServiceTarget, { priority, to }: Inputs): 'straight' | 'swap' {
  if (to.kind === 'task-definition') return 'straight'
  if (!taskDefinition) return 'swap'
  if (priority === 'panic' || !digest) return 'straight'
  return digest === present.digest ? 'straight' : 'swap'
}

/** Looks at what the way back needs, without panic's hurry. Returns why it cannot be taken. */
async function inspect(target: Target, inputs: Inputs, deps: Deps): Promise<string | undefined> {
  const onDenied = (message: string) => deps.log.warning(message)
  const problems = await Promise.all(
    target.services.map(async (service) => {
      const place = await presentPlace(service.present, inputs, deps)
      // A chosen definition has to exist, and tells which image it is about.
      if (inputs.to.kind === 'task-definition') await digestIn(service, inputs, deps)
      return service.digest && place ? whyUnusable(deps.ecr, place.image, service.digest, onDenied) : undefined
    }),
  )
  return problems.find((problem) => problem !== undefined)
}

/**
 * Reads the present definition, and from it the digest that serves, where the record did not know it. A definition whose image cannot be pinned only
 * stops those who have to swap it.
 */
export async function presentPlace(present: Present, inputs: Inputs, deps: Deps): Promise<ImagePlace | undefined> {
  try {
    const place = await presentImage(inputs, present, deps)
    present.digest ??= place.image.digest
    return place
  } catch (error) {
    if (!isUserError(error) || inputs.to.kind !== 'task-definition') throw error
    return undefined
  }
}

/** The digest that a definition pins; a definition that does not exist is the user's mistake. */
async function digestIn(service: ServiceTarget, inputs: Inputs, { definition }: Deps): Promise<string | undefined> {
  if (service.digest || !service.taskDefinition) return service.digest
  const { taskDefinition } = await definition(service.taskDefinition)
  service.digest = imagePlace(taskDefinition, inputs).image.digest
  return service.digest
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
