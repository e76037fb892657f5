import { pageOf } from '../paging.ts'
import { AwsFailure, type ServiceHandlers, type World } from '../world.ts'
import type { Alarm, AlarmState, AlarmStore } from './store.ts'

interface DescribeInput {
  AlarmNames?: string[]
  AlarmNamePrefix?: string
  AlarmTypes?: string[]
  StateValue?: AlarmState
  MaxRecords?: number
  NextToken?: string
}

const describe = (alarm: Alarm) => ({
  ActionsEnabled: true,
  OKActions: [],
  AlarmActions: [],
  InsufficientDataActions: [],
  Dimensions: [],
  ...alarm.settings,
  AlarmName: alarm.name,
  AlarmArn: alarm.arn,
  AlarmConfigurationUpdatedTimestamp: alarm.updatedAt,
  StateValue: alarm.state,
  StateReason: alarm.reason,
  StateUpdatedTimestamp: alarm.updatedAt,
  StateTransitionedTimestamp: alarm.updatedAt,
})

/**
 * CloudWatch's metric alarms. Nothing measures: SetAlarmState, a seed or the control endpoint decides their state.
 */
export function cloudwatchHandlers(world: World, store: AlarmStore): ServiceHandlers {
  return {
    signingName: 'monitoring',
    operations: {
      DescribeAlarms(input: DescribeInput) {
        if (input.AlarmNames && input.AlarmNamePrefix) {
          throw new AwsFailure('ValidationError', 'AlarmNamePrefix and AlarmNames cannot be specified together')
        }
        const metric = !input.AlarmTypes?.length || input.AlarmTypes.includes('MetricAlarm')
        const alarms = [...store.alarms.values()]
          .filter(({ name }) => !input.AlarmNames || input.AlarmNames.includes(name))
          .filter(({ name }) => name.startsWith(input.AlarmNamePrefix ?? ''))
          .filter(({ state }) => !input.StateValue || state === input.StateValue)
          .sort((a, b) => (a.name < b.name ? -1 : 1))
        const { items, nextToken } = pageOf(
          metric ? alarms : [],
          input.NextToken,
          input.MaxRecords ?? 50,
          'InvalidNextToken',
        )
        return { CompositeAlarms: [], MetricAlarms: items.map(describe), NextToken: nextToken }
      },
      PutMetricAlarm({ AlarmName, Tags: _tags, ...settings }: { AlarmName: string; Tags?: unknown }) {
        store.put(AlarmName, settings)
        return {}
      },
      SetAlarmState(input: { AlarmName: string; StateValue: AlarmState; StateReason: string }) {
        if (!store.set(input.AlarmName, input.StateValue, input.StateReason)) {
          throw new AwsFailure('ResourceNotFound', 'Alarm does not exist', { status: 404 })
        }
        return {}
      },
      DeleteAlarms({ AlarmNames }: { AlarmNames: string[] }) {
        if (AlarmNames.length > 1 && AlarmNames.some((name) => !store.alarms.has(name))) {
          throw new AwsFailure('ResourceNotFound', 'Some alarms do not exist', { status: 404 })
        }
        for (const name of AlarmNames) store.alarms.delete(name)
        return {}
      },
    },
    seed(seed) {
      for (const { name, state } of seed.alarms ?? []) {
        store.put(name)
        store.set(name, state, 'Set by the scenario')
      }
    },
    state: () => [...store.alarms.values()].map(({ name, state }) => ({ name, state, region: world.region })),
  }
}
