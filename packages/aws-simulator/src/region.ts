import { createHash } from 'node:crypto'
import { behavioursFrom } from './behaviours.ts'
import type { SimClock } from './clock.ts'
import { alarmStore } from './cloudwatch/store.ts'
import { ecsHandlers } from './ecs/index.ts'
import { targetGroupStore } from './elb/store.ts'
import { logsHandlers } from './logs/index.ts'
import { logStore } from './logs/store.ts'
import type { Scenario } from './scenario.ts'
import { ssmHandlers } from './ssm/index.ts'
import { parameterStore } from './ssm/store.ts'
import type { ServiceHandlers, World } from './world.ts'

/** The services of one region. Regions share nothing but the clock and the scenario, as in AWS. */
export interface Region {
  world: World
  services: Map<string, ServiceHandlers>
}

export function createRegion(options: {
  accountId: string
  region: string
  clock: SimClock
  scenario: Scenario
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
    images: {
      resolve: (reference) => ({
        digest: `sha256:${createHash('sha256').update(reference).digest('hex')}`,
        labels: {},
      }),
    },
    logs,
    parameters,
    targetGroups,
    alarms,
    behaviourFor: behavioursFrom(() => scenario.behaviours ?? []),
  }
  const services = [ecsHandlers(world), ssmHandlers(world, parameters), logsHandlers(world, logs)]
  return { world, services: new Map(services.map((service) => [service.signingName, service])) }
}
