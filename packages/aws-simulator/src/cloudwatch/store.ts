import type { Alarms } from '../world.ts'

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'

export interface Alarm {
  name: string
  arn: string
  state: AlarmState
  reason: string
  updatedAt: Date
  settings: Record<string, unknown>
}

export interface AlarmStore extends Alarms {
  alarms: Map<string, Alarm>
  put(name: string, settings?: Record<string, unknown>): Alarm
  set(name: string, state: AlarmState, reason: string): boolean
}

/** CloudWatch's metric alarms, as far as deployments watch them: a name and a state. */
export function alarmStore(options: { accountId: string; region: string; now: () => Date }): AlarmStore {
  const alarms = new Map<string, Alarm>()
  return {
    alarms,
    state: (name) => alarms.get(name)?.state,
    put(name, settings = {}) {
      const existing = alarms.get(name)
      const alarm: Alarm = existing
        ? { ...existing, settings }
        : {
            name,
            arn: `arn:aws:cloudwatch:${options.region}:${options.accountId}:alarm:${name}`,
            state: 'INSUFFICIENT_DATA',
            reason: 'Unchecked: Initial alarm creation',
            updatedAt: options.now(),
            settings,
          }
      alarms.set(name, alarm)
      return alarm
    },
    set(name, state, reason) {
      const alarm = alarms.get(name)
      if (!alarm) return false
      Object.assign(alarm, { state, reason, updatedAt: options.now() })
      return true
    },
  }
}
