import type { Ecs, TaskState } from '../types.ts'
import { pullImages } from './images.ts'

function missingSecrets(ecs: Ecs, task: TaskState): string | undefined {
  const names = (task.definition.definition.containerDefinitions ?? [])
    .flatMap((container) => container.secrets ?? [])
    .map((secret) => secret.valueFrom ?? '')
    .filter((valueFrom) => ecs.world.parameters.get(valueFrom) === undefined)
  if (!names.length) return undefined
  const parameters = [...new Set(names.map((name) => name.replace(/^arn:aws:ssm:[^:]*:[^:]*:parameter/, '')))]
  return `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: ${parameters.join(', ')}`
}

function missingLogGroup(ecs: Ecs, task: TaskState): string | undefined {
  for (const container of task.definition.definition.containerDefinitions ?? []) {
    const logging = container.logConfiguration
    if (logging?.logDriver !== 'awslogs') continue
    const group = logging.options?.['awslogs-group'] ?? ''
    if (ecs.world.logs.hasGroup(group)) continue
    if (logging.options?.['awslogs-create-group'] === 'true' && ecs.world.logs.createGroup) {
      ecs.world.logs.createGroup(group)
      continue
    }
    return 'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1'
  }
  return undefined
}

/**
 * Everything that must be there before a Fargate task's containers can start, in the platform's order: secrets, log
 * groups, images. Returns the stoppedReason of a task for which it is not, in the words of the ECS guide's "Stopped
 * tasks error messages".
 */
export const startFailure = (ecs: Ecs, task: TaskState): string | undefined =>
  task.behaviour.failsToStart ?? missingSecrets(ecs, task) ?? missingLogGroup(ecs, task) ?? pullImages(ecs, task)
