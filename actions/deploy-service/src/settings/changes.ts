import type { Service } from '@aws-sdk/client-ecs'
import type { ServiceSettings } from '@deploy-actions/ecs'

export interface SettingChange {
  name: string
  before: string
  after: string
}

/** Which of the passed settings differ from what the service has. */
export function settingChanges(service: Service, settings: ServiceSettings | undefined): SettingChange[] {
  const wanted = flat({
    ...settings?.deploymentConfiguration,
    ...(settings?.healthCheckGracePeriodSeconds !== undefined && {
      healthCheckGracePeriodSeconds: settings.healthCheckGracePeriodSeconds,
    }),
  })
  const present = flat({
    ...service.deploymentConfiguration,
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds ?? 0,
  })
  return [...wanted].flatMap(([name, after]) => {
    const before = present.get(name) ?? 'not set'
    return before === after ? [] : [{ name, before, after }]
  })
}

function flat(value: object, prefix = '', found = new Map<string, string>()): Map<string, string> {
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    if (typeof member === 'object' && member !== null && !Array.isArray(member))
      flat(member, `${prefix}${name}.`, found)
    else found.set(prefix + name, Array.isArray(member) ? member.join(', ') : String(member))
  }
  return found
}
