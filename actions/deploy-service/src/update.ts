import type { Service } from '@aws-sdk/client-ecs'
import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import { familyRevision, type StartedDeployment, startDeployment } from '@deploy-actions/ecs'
import type { Deps, OpenDeployments } from './deps.ts'
import type { Inputs } from './inputs.ts'
import type { Revision } from './revisions.ts'
import type { Target } from './services.ts'
import type { UndoRight } from './undo-right.ts'

export interface Updated {
  started: StartedDeployment[]
  /** Services whose update was refused: they are as they were. */
  refused: { name: string; message: string }[]
}

/** GitHub shows ten annotations of a kind per step; the verdict needs its own. */
const annotationsAtMost = 5

/**
 * Updates every service. One that is refused does not hold back the others; which went and which did not is said. Throws when all were refused.
 */
export async function updateServices(
  inputs: Inputs,
  targets: Target[],
  revisions: Revision[],
  byTag: boolean,
  undo: UndoRight,
  deps: Deps,
): Promise<Updated> {
  if (deps.cancelled.aborted) throw new UserError('Cancelled before any service was updated. Nothing was changed.')
  const started: StartedDeployment[] = []
  const refused: Updated['refused'] = []
  await Promise.all(
    targets.map(async ({ name, service }, index) => {
      const revision = revisions[index]!
      try {
        const one = await startDeployment(deps.clients.ecs, {
          cluster: inputs.cluster,
          service: service.serviceArn ?? name,
          taskDefinition: revision.arn,
          forceNewDeployment: byTag || inputs.forceNewDeployment || isFailedAttempt(service, revision),
          settings: inputs.settings,
          before: service,
        })
        started.push(one)
        // At once, as a run may be killed before the last service is updated.
        deps.saveOpen(openDeployments(inputs, started, undo))
        sayStarted(name, one, inputs, deps)
      } catch (error) {
        refused.push({ name, message: isUserError(error) ? messageOf(error) : uncertain(name, error) })
      }
    }),
  )
  const position = (name: string) => targets.findIndex((target) => target.name === name)
  started.sort((a, b) => position(a.service) - position(b.service))
  if (started.length === 0)
    throw new UserError(
      `${[...new Set(refused.map(({ message }) => message))].join('\n')}\n${targets.length === 1 ? 'The service was not updated' : 'No service was updated'}${registeredText(revisions)}.`,
    )
  for (const [index, { name, message }] of refused.entries()) {
    const say = index < annotationsAtMost ? deps.log.error : deps.log.info
    say(`${name} was not updated. ${message}`)
  }
  return { started, refused }
}

/** Without rollback a FAILED deployment stays PRIMARY. To ask for the same again means to try again, which ECS only does when forced. */
function isFailedAttempt(service: Service, revision: Revision): boolean {
  const primary = service.deployments?.find(({ status }) => status === 'PRIMARY')
  return primary?.rolloutState === 'FAILED' && primary.taskDefinition === revision.arn
}

/** A lost connection, or an error that this step does not know: the update may have happened all the same. */
function uncertain(name: string, error: unknown): string {
  return `UpdateService of ${name} came to no clear answer (${messageOf(error)}), so it may or may not have started a deployment: look at the service before you run the job again.`
}

function registeredText(revisions: Revision[]): string {
  const names = [
    ...new Set(revisions.filter(({ registered }) => registered).map((revision) => revision.familyRevision)),
  ]
  return names.length > 0
    ? `; ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} registered and not used by any service`
    : ''
}

function sayStarted(name: string, one: StartedDeployment, { settings }: Inputs, { log }: Deps): void {
  const to = familyRevision(one.taskDefinition)
  if (!one.created)
    log.info(
      `${name}: ${settings ? 'settings sent, no task definition changed' : 'nothing changed'}, ${to} is what it runs (${one.deploymentId}). No new deployment.`,
    )
  else if (one.taskDefinition === one.previousTaskDefinition)
    log.info(`${name}: new deployment ${one.deploymentId} of the same ${to}.`)
  else log.info(`${name}: ${familyRevision(one.previousTaskDefinition)} → ${to}, deployment ${one.deploymentId}.`)
}

/** What `post` needs to undo these, should this process be killed. */
export function openDeployments(inputs: Inputs, started: StartedDeployment[], right: UndoRight): OpenDeployments {
  const wish = inputs.onCancel
  return {
    region: inputs.region,
    undo: { allowed: wish !== 'leave' && right.allowed, why: wish === 'leave' ? 'on-cancel is leave.' : right.why },
    deployments: started
      .filter(({ created }) => created)
      .map(({ createdAt, cluster, service, serviceArn, deploymentId, taskDefinition, previousTaskDefinition }) => ({
        cluster,
        service,
        serviceArn,
        deploymentId,
        createdAt: createdAt.toISOString(),
        taskDefinition,
        previousTaskDefinition,
      })),
  }
}
