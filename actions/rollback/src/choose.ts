import { messageOf, once, UserError } from '@deploy-actions/action-kit'
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
import type { CurrentState } from './current-state.ts'
import type { Deps } from './deps.ts'
import { imageIn, pinnableImage, whyUnusable } from './images.ts'
import type { Inputs } from './inputs.ts'
import { type ServiceTarget, type Target, targetsOf, theOne } from './target.ts'

export interface Choice {
  target: Target
  warnings: string[]
  /** Why the gate refuses to go there. */
  refusal?: string
  /** Asks the gate about the same way back on another state of the record. */
  ask: (state: RecordState | undefined) => Promise<GateAnswer>
}

/**
 * Finds the target and asks the gate, before anything is written. With priority panic nothing is asked of AWS that
 * the record can answer; otherwise the image has to be in ECR, and a candidate whose image is gone gives way to the
 * next older one.
 */
export async function choose(inputs: Inputs, current: CurrentState, deps: Deps): Promise<Choice> {
  const targets = await targetsOf(inputs, current, deps)
  let gone: string | undefined
  for (const target of targets) {
    const services = await Promise.all(target.services.map((service) => withDigest(service, inputs, current, deps)))
    const problem = inputs.priority === 'panic' ? undefined : await whyGone(services, inputs, deps)
    const digest = target.digest ?? theOne(services.map((service) => service.digest))
    if (!problem) return gated({ ...target, services, digest }, inputs, current, deps)
    if (target !== targets.at(-1)) deps.log.warning(`${problem} Looking at the release before it.`)
    gone = problem
  }
  throw new UserError(`${gone} Nothing was changed. Name another target: to: a digest, a commit or family:revision.`)
}

async function gated(target: Target, inputs: Inputs, current: CurrentState, deps: Deps): Promise<Choice> {
  const lost = target.services.find((service) => !goesTo(service, inputs))
  if (lost)
    throw new UserError(`What service "${lost.present.service}" could go back to is not known. Nothing was changed.`)
  const ask = gateFor(target, inputs, current, deps)
  if (!inputs.record) return { target, warnings: [], ask }
  const answer = await ask(current.state)
  const name = recordName(inputs.record)
  const warnings = answer.warnings.map((one) => warningText(one, name))
  return { target, warnings, ask, refusal: answer.go ? undefined : gateText(answer.refusal, name) }
}

/**
 * An operator who goes across the schema in panic is not held up by an image that does not tell what it expects.
 */
function gateFor(target: Target, inputs: Inputs, { holder }: CurrentState, deps: Deps): Choice['ask'] {
  const { priority, acrossSchema } = inputs
  const read = lazyReader(inputs, target, deps)
  const images = target.services.map(({ digest, taskDefinition = '' }) => ({
    name: digest ?? taskDefinition,
    digest,
    read,
  }))
  return async (state) => {
    const run = state?.pending?.run
    // The run of the pending migration holds the lock, so the migration runs right now.
    const running = run !== undefined && holder?.run === run
    const now = deps.clock.now()
    const question = { state, purpose: 'rollback' as const, now, named: target.byName, acrossSchema, running }
    try {
      return await askGate({ ...question, images })
    } catch (error) {
      if (priority !== 'panic' || !acrossSchema || deps.signal.aborted) throw error
      deps.log.warning(`across-schema goes on, although the guard could not be asked: ${messageOf(error)}`)
      return askGate({ ...question, images: [] })
    }
  }
}

/**
 * Whether a service goes straight onto a task definition, or onto a new revision of the present one with the image
 * swapped. Panic and a chosen definition go straight; so does a release of the very image that runs, which differs
 * only in its definition.
 */
export function isStraight({ digest, taskDefinition, present }: ServiceTarget, { priority, to }: Inputs): boolean {
  if (!taskDefinition || to.kind === 'task-definition') return to.kind === 'task-definition'
  return priority === 'panic' || !digest || digest === present.digest
}

/** The task definition that a service goes straight to, or else the digest that is swapped in. */
export function goesTo(service: ServiceTarget, inputs: Inputs): string | undefined {
  return isStraight(service, inputs) ? service.taskDefinition : service.digest
}

/** Looks whether the images are still there, without panic's hurry. Returns why the way back cannot be taken. */
async function whyGone(services: ServiceTarget[], inputs: Inputs, deps: Deps): Promise<string | undefined> {
  const onDenied = (message: string) => deps.log.warning(message)
  const problems = await Promise.all(
    services.map(async ({ present, digest }) => {
      const place = await pinnableImage(present.arn, inputs, deps, inputs.to.kind === 'task-definition')
      return digest && place ? whyUnusable(deps.ecr, place.image, digest, onDenied) : undefined
    }),
  )
  return problems.find((problem) => problem !== undefined)
}

/**
 * With the digest that the definition pins, where only the definition is known. Panic reads it beside the
 * deployment, where no schema is to be guarded.
 */
async function withDigest(
  service: ServiceTarget,
  inputs: Inputs,
  { state = emptyState }: CurrentState,
  deps: Deps,
): Promise<ServiceTarget> {
  const isPanic = inputs.priority === 'panic'
  const isHurried = isPanic && !(inputs.record && hasSchema(state, 'rollback'))
  if (service.digest || !service.taskDefinition || isHurried) return service
  const place = await pinnableImage(service.taskDefinition, inputs, deps, isPanic)
  return { ...service, digest: place?.image.digest }
}

/** Reads what images expect. The repository is looked up only when labels have to be read. */
export function lazyReader(inputs: Inputs, { services }: Target, deps: Deps): SchemaReader {
  const reader = once(async (): Promise<SchemaReader> => {
    if (inputs.repository) return schemaReader(deps.ecr, { name: inputs.repository, registryId: inputs.registry })
    const { image } = await imageIn(services[0]!.present.arn, inputs, deps)
    return image.kind === 'ecr' ? schemaReader(deps.ecr, repositoryOf(image)) : async () => undefined
  })
  return async (digest) => (await reader())(digest)
}
