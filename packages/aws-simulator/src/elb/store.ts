import { createHash } from 'node:crypto'
import type { TargetGroups } from '../world.ts'

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining' | 'unavailable'

export interface Target {
  id: string
  port: number
  state: TargetState
  reason?: string
  description?: string
}

export interface TargetGroup {
  name: string
  arn: string
  port?: number
  protocol?: string
  targetType: string
  vpcId?: string
  settings: Record<string, unknown>
  attributes: Map<string, string>
  targets: Map<string, Target>
}

export interface TargetGroupStore extends TargetGroups {
  groups: Map<string, TargetGroup>
  create(group: {
    name: string
    port?: number
    protocol?: string
    targetType?: string
    vpcId?: string
    settings?: Record<string, unknown>
  }): TargetGroup
}

// Reason codes of the TargetHealth shape and the texts that ELB shows beside them.
const explained: Record<string, { reason?: string; description?: string }> = {
  initial: { reason: 'Elb.RegistrationInProgress', description: 'Target registration is in progress' },
  unhealthy: { reason: 'Target.FailedHealthChecks', description: 'Health checks failed' },
  draining: { reason: 'Target.DeregistrationInProgress', description: 'Target deregistration is in progress' },
}

const reasonCode = /^(Elb|Target)\.[A-Za-z]+$/

/** ELBv2's target groups: what ECS registers its tasks with and what DescribeTargetHealth shows. */
export function targetGroupStore(options: { accountId: string; region: string }): TargetGroupStore {
  const groups = new Map<string, TargetGroup>()
  const target = (arn: string, id: string) => groups.get(arn)?.targets.get(id)
  return {
    groups,
    create({ name, port, protocol, targetType = 'ip', vpcId, settings = {} }) {
      // From the name, so that a seed can name a group's ARN before it exists.
      const suffix = createHash('sha256').update(name).digest('hex').slice(0, 16)
      const arn = `arn:aws:elasticloadbalancing:${options.region}:${options.accountId}:targetgroup/${name}/${suffix}`
      const attributes = new Map([
        ['deregistration_delay.timeout_seconds', '300'],
        ['stickiness.enabled', 'false'],
        ['stickiness.type', 'lb_cookie'],
        ['slow_start.duration_seconds', '0'],
        ['load_balancing.algorithm.type', 'round_robin'],
      ])
      const group = { name, arn, port, protocol, targetType, vpcId, settings, attributes, targets: new Map() }
      groups.set(arn, group)
      return group
    },
    exists: (arn) => groups.has(arn),
    deregistrationDelay: (arn) =>
      Number(groups.get(arn)?.attributes.get('deregistration_delay.timeout_seconds') ?? 300),
    register(arn, id, port) {
      groups.get(arn)?.targets.set(id, { id, port, state: 'initial', ...explained.initial })
    },
    setHealth(arn, id, state, reason) {
      const found = target(arn, id)
      if (!found) return
      const texts = explained[state] ?? {}
      found.state = state
      found.reason = reason && reasonCode.test(reason) ? reason : texts.reason
      found.description = reason && !reasonCode.test(reason) ? reason : texts.description
    },
    deregister: (arn, id) => void groups.get(arn)?.targets.delete(id),
  }
}
