import { behavioursFrom } from './behaviours.ts'
import type { SimClock } from './clock.ts'
import { cloudwatchHandlers } from './cloudwatch/index.ts'
import { type AlarmStore, alarmStore } from './cloudwatch/store.ts'
import { type EcrEndpoints, ecrHandlers } from './ecr/index.ts'
import type { EcrRegistries } from './ecr/registries.ts'
import { ecsHandlers } from './ecs/index.ts'
import { elbHandlers } from './elb/index.ts'
import { targetGroupStore } from './elb/store.ts'
import { logsHandlers } from './logs/index.ts'
import { logStore } from './logs/store.ts'
import type { Scenario } from './scenario.ts'
import { ssmHandlers } from './ssm/index.ts'
import { parameterStore } from './ssm/store.ts'
import { stsHandlers } from './sts/index.ts'
import type { ImageLookup, ServiceHandlers, World } from './world.ts'

/** The services of one region. Regions share nothing but the clock and the scenario, as in AWS. */
export interface Region {
  world: World
  services: Map<string, ServiceHandlers>
  setAlarm: AlarmStore['set']
}

export function createRegion(options: {
  accountId: string
  region: string
  clock: SimClock
  scenario: Scenario
  images: ImageLookup
  registries: EcrRegistries
  endpoints: EcrEndpoints
  iam: ServiceHandlers
}): Region {
  const { accountId, region, clock, scenario } = options
  const place = { accountId, region, now: clock.now }
  const logs = logStore({ ...place, ingestionDelay: () => scenario.logs?.ingestionDelay ?? 1 })
  const parameters = parameterStore(place)
  const targetGroups = targetGroupStore(place)
  const alarms = alarmStore(place)
  const world: World = {
    accountId,
    region,
    clock,
    scenario,
    images: options.images,
    logs,
    parameters,
    targetGroups,
    alarms,
    behaviourFor: behavioursFrom(() => scenario.behaviours ?? []),
  }
  // ECS comes last: what it is seeded with refers to all the others.
  const services = [
    ecrHandlers(world, options.registries, options.endpoints),
    ssmHandlers(world, parameters),
    logsHandlers(world, logs),
    elbHandlers(world, targetGroups),
    cloudwatchHandlers(world, alarms),
    stsHandlers(),
    options.iam,
    ecsHandlers(world),
  ]
  return { world, services: new Map(services.map((service) => [service.signingName, service])), setAlarm: alarms.set }
}
