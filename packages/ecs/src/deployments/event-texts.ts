import type { ServiceEvent } from '@aws-sdk/client-ecs'

/**
 * What ECS's own events say about deployments. Texts as the API writes them: `(service NAME) (deployment ecs-svc/N)
 * deployment completed.`
 */
export interface DeploymentEvents {
  completed: Set<string>
  /** The failed deployments, each with the text behind `deployment failed:`. */
  failed: Map<string, string>
  /** The deployments that ECS went back to, newest last. */
  rollbackTargets: string[]
  /** `deployment failed: …` without a deployment's id, as native blue/green and hooks report it. */
  failedWithoutId: string | undefined
  /** When the service was last called steady. */
  steadyAt: Date | undefined
}

/** Sorts a service's events by what they say about deployments. Takes them in any order. */
export function readDeploymentEvents(events: ServiceEvent[]): DeploymentEvents {
  const found: DeploymentEvents = {
    completed: new Set(),
    failed: new Map(),
    rollbackTargets: [],
    failedWithoutId: undefined,
    steadyAt: undefined,
  }
  for (const { message = '', createdAt } of oldestFirst(events)) {
    const own = message.match(/\(deployment (ecs-svc\/\d+)\) deployment (completed|failed)(?:: (.*))?/)
    if (own?.[2] === 'completed') found.completed.add(own[1]!)
    else if (own) found.failed.set(own[1]!, own[3] ?? '')
    else if (/\bdeployment failed: /.test(message)) found.failedWithoutId = message.split('deployment failed: ')[1]
    const target = message.match(/rolling back to deployment (ecs-svc\/\d+)/)
    if (target) found.rollbackTargets.push(target[1]!)
    if (message.includes('has reached a steady state') && createdAt) found.steadyAt = createdAt
  }
  return found
}

/** Events that a reader of a failure wants to see: trouble, not the routine of starting and stopping. */
export function isTrouble(message: string): boolean {
  return /unable to|unhealthy|failed|rolling back|throttled|insufficient|error|protection/i.test(message)
}

export function oldestFirst(events: ServiceEvent[]): ServiceEvent[] {
  return [...events].sort((a, b) => (a.createdAt?.getTime() ?? 0) - (b.createdAt?.getTime() ?? 0))
}

/** Removes the `(service NAME) ` in front, which repeats on every line what the reader knows. */
export function withoutServicePrefix(message: string): string {
  return message.replace(/^\(service [^)]*\) /, '')
}
