import type { DeploymentConfiguration } from '@aws-sdk/client-ecs'
import { type InputReader, UserError } from '@deploy-actions/action-kit'
import type { ServiceSettings } from '@deploy-actions/ecs'

const strategies = { rolling: 'ROLLING', 'blue-green': 'BLUE_GREEN', linear: 'LINEAR', canary: 'CANARY' } as const

/**
 * The deployment settings that were passed, and nothing else: what is not passed is not sent (ECS API:
 * DeploymentConfiguration). Undefined when none was.
 */
export function settingsInputs(reader: InputReader): ServiceSettings | undefined {
  const configuration: DeploymentConfiguration = {
    ...optional('minimumHealthyPercent', reader.integer('minimum-healthy-percent', { min: 0, max: 100 })),
    ...optional('maximumPercent', reader.integer('maximum-percent', { min: 100, max: 200 })),
    ...optional('deploymentCircuitBreaker', breaker(reader)),
    ...optional('alarms', alarms(reader)),
    ...strategy(reader),
  }
  const grace = reader.optionalDuration('grace-period')
  const settings: ServiceSettings = {
    ...(Object.keys(configuration).length > 0 && { deploymentConfiguration: configuration }),
    ...(grace !== undefined && { healthCheckGracePeriodSeconds: Math.round(grace / 1000) }),
  }
  return Object.keys(settings).length > 0 ? settings : undefined
}

function breaker(reader: InputReader): DeploymentConfiguration['deploymentCircuitBreaker'] {
  const threshold = reader.matching(
    'circuit-breaker-threshold',
    /^[1-9]\d*$|^(100|[1-9]\d?)%$/,
    'a number of failed tasks such as 1, or a share of the desired count such as 25%',
  )
  if (reader.text('circuit-breaker') === undefined) {
    if (threshold === undefined) return undefined
    throw new UserError('Input "circuit-breaker-threshold" needs "circuit-breaker": rollback or stop.')
  }
  const mode = reader.choice('circuit-breaker', ['rollback', 'stop', 'off'])
  const value = Number.parseInt(threshold ?? '', 10)
  return {
    enable: mode !== 'off',
    rollback: mode === 'rollback',
    ...(threshold && {
      thresholdConfiguration: { type: threshold.endsWith('%') ? 'BOUNDED_PERCENT' : 'COUNT', value },
    }),
  }
}

function alarms(reader: InputReader): DeploymentConfiguration['alarms'] {
  const alarmNames = reader.list('alarms')
  if (alarmNames.length === 0) return undefined
  return { alarmNames, enable: true, rollback: reader.flag('alarms-rollback', true) }
}

function strategy(reader: InputReader): DeploymentConfiguration {
  const given =
    reader.text('strategy') && strategies[reader.choice('strategy', ['rolling', 'blue-green', 'linear', 'canary'])]
  const bake = minutes(reader, 'bake-time')
  const stepBake = minutes(reader, 'step-bake-time')
  const percent = stepPercent(reader)
  if (percent !== undefined || stepBake !== undefined) {
    if (given !== 'LINEAR' && given !== 'CANARY')
      throw new UserError(
        `Inputs "step-percent" and "step-bake-time" belong to the strategies linear and canary; strategy is ${reader.text('strategy') ?? 'not set'}.`,
      )
    if (given === 'LINEAR' && percent !== undefined && percent < 3)
      throw new UserError(`Input "step-percent" is "${percent}". Valid for the strategy linear: 3 to 100.`)
  }
  if (bake !== undefined && (given === undefined || given === 'ROLLING'))
    throw new UserError(
      'Input "bake-time" belongs to the strategies blue-green, linear and canary; set strategy as well.',
    )
  return {
    ...(given && { strategy: given }),
    ...optional('bakeTimeInMinutes', bake),
    ...(given === 'LINEAR' &&
      (percent !== undefined || stepBake !== undefined) && {
        linearConfiguration: { ...optional('stepPercent', percent), ...optional('stepBakeTimeInMinutes', stepBake) },
      }),
    ...(given === 'CANARY' &&
      (percent !== undefined || stepBake !== undefined) && {
        canaryConfiguration: {
          ...optional('canaryPercent', percent),
          ...optional('canaryBakeTimeInMinutes', stepBake),
        },
      }),
  }
}

function stepPercent(reader: InputReader): number | undefined {
  const text = reader.matching('step-percent', /^\d{1,3}(\.\d+)?$/, 'a share of the traffic in percent, 0.1 to 100')
  if (text === undefined) return undefined
  const percent = Number(text)
  if (percent < 0.1 || percent > 100)
    throw new UserError(`Input "step-percent" is "${text}". Valid: 0.1 to 100 (linear: 3 to 100).`)
  return percent
}

/** ECS counts bake times in whole minutes, up to a day. */
function minutes(reader: InputReader, input: string): number | undefined {
  const milliseconds = reader.optionalDuration(input)
  if (milliseconds === undefined) return undefined
  if (milliseconds % 60_000 !== 0 || milliseconds > 1440 * 60_000)
    throw new UserError(`Input "${input}" is "${reader.text(input)}". Valid: whole minutes up to 24h, such as 10m.`)
  return milliseconds / 60_000
}

function optional<K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, T>)
}
