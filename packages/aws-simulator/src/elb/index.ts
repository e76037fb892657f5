import { pageOf } from '../paging.ts'
import { AwsFailure, type ServiceHandlers, type World } from '../world.ts'
import type { Target, TargetGroup, TargetGroupStore } from './store.ts'

const notFound = () => new AwsFailure('TargetGroupNotFoundException', 'One or more target groups not found')

interface TargetInput {
  TargetGroupArn: string
  Targets?: { Id: string; Port?: number }[]
}

const healthDefaults = (group: TargetGroup) => ({
  HealthCheckProtocol: group.protocol ?? 'HTTP',
  HealthCheckPort: 'traffic-port',
  HealthCheckEnabled: true,
  HealthCheckIntervalSeconds: 30,
  HealthCheckTimeoutSeconds: 5,
  HealthyThresholdCount: 5,
  UnhealthyThresholdCount: 2,
  HealthCheckPath: '/',
  Matcher: { HttpCode: '200' },
})

const describe = (group: TargetGroup) => ({
  TargetGroupArn: group.arn,
  TargetGroupName: group.name,
  Protocol: group.protocol ?? 'HTTP',
  Port: group.port ?? 80,
  VpcId: group.vpcId ?? 'vpc-0simulated000000000',
  ...healthDefaults(group),
  ...group.settings,
  LoadBalancerArns: [],
  TargetType: group.targetType,
  ProtocolVersion: 'HTTP1',
  IpAddressType: 'ipv4',
})

const health = (target: Target) => ({
  Target: { Id: target.id, Port: target.port },
  HealthCheckPort: String(target.port),
  TargetHealth: { State: target.state, Reason: target.reason, Description: target.description },
})

const unregistered = (id: string, port: number): Target => ({
  id,
  port,
  state: 'unused',
  reason: 'Target.NotRegistered',
  description: 'Target is not registered to the target group',
})

/** Elastic Load Balancing v2: target groups and the health of their targets; no load balancers behind them. */
export function elbHandlers(world: World, store: TargetGroupStore): ServiceHandlers {
  const groupOf = (arn: string) => {
    if (!/^arn:aws:elasticloadbalancing:/.test(arn))
      throw new AwsFailure('ValidationError', `'${arn}' is not a valid target group ARN`)
    const group = store.groups.get(arn)
    if (!group) throw notFound()
    return group
  }
  const attributes = (group: TargetGroup) => ({
    Attributes: [...group.attributes].map(([Key, Value]) => ({ Key, Value })),
  })
  return {
    signingName: 'elasticloadbalancing',
    operations: {
      CreateTargetGroup(input: {
        Name: string
        Protocol?: string
        Port?: number
        VpcId?: string
        TargetType?: string
      }) {
        if ([...store.groups.values()].some((group) => group.name === input.Name)) {
          throw new AwsFailure(
            'DuplicateTargetGroupNameException',
            `A target group with the same name '${input.Name}' exists, but with different settings`,
          )
        }
        if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(input.Name)) {
          throw new AwsFailure(
            'ValidationError',
            `Target group name '${input.Name}' can only contain characters that are alphanumeric characters or hyphens(-)`,
          )
        }
        const { Name, Protocol, Port, VpcId, TargetType, ...rest } = input
        const settings = Object.fromEntries(
          Object.entries(rest).filter(([key]) => /^HealthCheck|ThresholdCount$|^Matcher$/.test(key)),
        )
        const group = store.create({
          name: Name,
          protocol: Protocol,
          port: Port,
          vpcId: VpcId,
          targetType: TargetType ?? 'instance',
          settings,
        })
        return { TargetGroups: [describe(group)] }
      },
      DeleteTargetGroup({ TargetGroupArn }: { TargetGroupArn: string }) {
        store.groups.delete(TargetGroupArn)
        return {}
      },
      DescribeTargetGroups(input: {
        TargetGroupArns?: string[]
        Names?: string[]
        Marker?: string
        PageSize?: number
      }) {
        const all = [...store.groups.values()]
        if (input.Names?.some((name) => !all.some((group) => group.name === name))) throw notFound()
        const chosen = input.TargetGroupArns?.length
          ? input.TargetGroupArns.map(groupOf)
          : all.filter((group) => !input.Names?.length || input.Names.includes(group.name))
        const { items, nextToken } = pageOf(chosen, input.Marker, input.PageSize ?? 400, 'ValidationError')
        return { TargetGroups: items.map(describe), NextMarker: nextToken }
      },
      ModifyTargetGroup({ TargetGroupArn, ...settings }: { TargetGroupArn: string }) {
        const group = groupOf(TargetGroupArn)
        Object.assign(group.settings, settings)
        return { TargetGroups: [describe(group)] }
      },
      DescribeTargetGroupAttributes: ({ TargetGroupArn }: { TargetGroupArn: string }) =>
        attributes(groupOf(TargetGroupArn)),
      ModifyTargetGroupAttributes(input: { TargetGroupArn: string; Attributes: { Key: string; Value: string }[] }) {
        const group = groupOf(input.TargetGroupArn)
        for (const { Key, Value } of input.Attributes) {
          const delay = Key === 'deregistration_delay.timeout_seconds' ? Number(Value) : 0
          if (!(delay >= 0 && delay <= 3600)) {
            throw new AwsFailure(
              'ValidationError',
              `Target group attribute '${Key}' must be between 0 and 3600 seconds, inclusive`,
            )
          }
          group.attributes.set(Key, Value)
        }
        return attributes(group)
      },
      RegisterTargets({ TargetGroupArn, Targets = [] }: TargetInput) {
        const group = groupOf(TargetGroupArn)
        for (const { Id, Port } of Targets) store.register(group.arn, Id, Port ?? group.port ?? 80)
        return {}
      },
      DeregisterTargets({ TargetGroupArn, Targets = [] }: TargetInput) {
        const group = groupOf(TargetGroupArn)
        for (const { Id } of Targets) store.deregister(group.arn, Id)
        return {}
      },
      DescribeTargetHealth({ TargetGroupArn, Targets }: TargetInput) {
        const group = groupOf(TargetGroupArn)
        const targets = Targets?.length
          ? Targets.map(({ Id, Port }) => group.targets.get(Id) ?? unregistered(Id, Port ?? group.port ?? 80))
          : [...group.targets.values()]
        return { TargetHealthDescriptions: targets.map((target) => health(target)) }
      },
      DescribeTags: ({ ResourceArns }: { ResourceArns: string[] }) => ({
        TagDescriptions: ResourceArns.map((ResourceArn) => ({ ResourceArn: groupOf(ResourceArn).arn, Tags: [] })),
      }),
      DescribeLoadBalancers: () => ({ LoadBalancers: [] }),
    },
    seed(seed) {
      for (const { name, deregistrationDelay } of seed.targetGroups ?? []) {
        const existing = [...store.groups.values()].find((group) => group.name === name)
        const group = existing ?? store.create({ name, protocol: 'HTTP', port: 80 })
        if (deregistrationDelay !== undefined) {
          group.attributes.set('deregistration_delay.timeout_seconds', String(deregistrationDelay))
        }
      }
    },
    state: () =>
      [...store.groups.values()].map(({ name, arn, targets }) => ({
        name,
        arn,
        region: world.region,
        targets: [...targets.values()],
      })),
  }
}
