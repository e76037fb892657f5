import { UserError } from '@deploy-actions/action-kit'
import {
  familyRevision,
  primaryOf,
  rollbackRevision,
  type ServiceUpdate,
  type ServiceUpdateResult,
  type StartedDeployment,
  updateServices,
} from '@deploy-actions/ecs'
import type { Deps, OpenDeployment } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import { isForced } from '../revision/by-tag.ts'
import type { FoundService, Revision, Wanted } from '../revision/types.ts'
import type { OpenBook } from './open-deployments.ts'

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

/** Updates every service and says which went and which did not. Throws when all were refused. */
export async function updateAll(
  inputs: Inputs,
  wanted: Wanted[],
  revisions: Revision[],
  book: OpenBook,
  { clients, clock, log, cancelled }: Deps,
): Promise<Updated> {
  if (cancelled.aborted)
    throw new UserError(
      'Cancelled before any service was updated. A new revision of the task definition may be registered; nothing uses it.',
    )
  const asked = clock.now()
  book.asked(wanted.map(({ target }, index) => openingOf(inputs, target, revisions[index]!, asked)))
  const results = await updateServices(
    { ecs: clients.lastingEcs(), clock, log, signal: cancelled },
    wanted.map((one, index) => updateOf(inputs, one, revisions[index]!)),
    (result, index) => {
      const { target } = wanted[index]!
      if ('started' in result) {
        book.answered(result.started)
        log.info(startedText(target, result.started, inputs))
      }
      // Of a cancelled run nobody looks at the service; `post` does.
      else if (result.kind === 'refused' || !cancelled.aborted) book.closed(target.name)
    },
  )
  const started = results.flatMap((result) => ('started' in result ? [result.started] : []))
  const refused = results.flatMap((result, index) => refusedOf(wanted[index]!.target.name, result))
  if (started.length === 0) throw new UserError(allRefused(refused, revisions))
  for (const [index, { name, message, uncertain }] of refused.entries()) {
    const say = index < annotationsAtMost ? log.error : log.info
    say(uncertain ? message : `${name} was not updated. ${message}`)
  }
  return { started, refused }
}

function updateOf(inputs: Inputs, wanted: Wanted, { arn }: Revision): ServiceUpdate {
  const { service, name, runs } = wanted.target
  return {
    cluster: inputs.cluster,
    service: service.serviceArn ?? name,
    ...(isAsked(inputs) || arn !== runs ? { taskDefinition: arn } : {}),
    brings: arn,
    forceNewDeployment: isForced(inputs, wanted),
    settings: inputs.settings,
    before: service,
  }
}

/**
 * Whether the inputs say what the task definition is to be. If not, whatever the service runs by now is not sent
 * back to it.
 */
function isAsked(inputs: Inputs): boolean {
  const { image, taskDefinition, variables, secrets, command, cpu, memory, parametersPath } = inputs
  const names = Object.keys({ ...variables, ...secrets })
  return (
    names.length > 0 || [image, taskDefinition, command, cpu, memory, parametersPath].some((one) => one !== undefined)
  )
}

function openingOf(
  { cluster }: Inputs,
  { name, service }: FoundService,
  revision: Revision,
  asked: Date,
): OpenDeployment {
  const primary = primaryOf(service)
  return {
    cluster,
    service: name,
    serviceArn: service.serviceArn ?? name,
    ...(primary?.id && { previousDeploymentId: primary.id }),
    createdAt: asked.toISOString(),
    taskDefinition: revision.arn,
    previousTaskDefinition: rollbackRevision(service) ?? revision.arn,
  }
}

function refusedOf(name: string, result: ServiceUpdateResult): Refused[] {
  if ('started' in result) return []
  if (result.kind === 'refused') return [{ name, message: result.message, uncertain: false }]
  const message = `UpdateService of ${name} came to no clear answer (${result.message}), so it may or may not have started a deployment: look at the service before you run the job again.`
  return [{ name, message, uncertain: true }]
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

function startedText({ name, runs }: FoundService, started: StartedDeployment, { settings }: Inputs): string {
  const { deploymentId, created, taskDefinition } = started
  const to = familyRevision(taskDefinition)
  if (!created)
    return `${name}: ${settings ? 'settings sent, no task definition changed' : 'nothing changed'}, ${to} is what it runs (${deploymentId}). No new deployment.`
  if (taskDefinition === runs) return `${name}: new deployment ${deploymentId} of the same ${to}.`
  return `${name}: ${familyRevision(runs)} → ${to}, deployment ${deploymentId}.`
}
