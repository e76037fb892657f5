import type { TaskOverride } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'

export interface Overrides {
  /** The container that command and environment are meant for. */
  container: string
  command?: string[]
  environment?: Record<string, string>
  /** Of the whole task, in the units of the task definition. */
  cpu?: string | undefined
  memory?: string | undefined
}

const longestOverrides = 8192

/**
 * Throws a UserError when command and variables are longer than ECS takes; to be asked before anything is changed.
 */
export function checkOverrides(overrides: Overrides): void {
  const { length } = JSON.stringify(overridesOf(overrides))
  if (length > longestOverrides)
    throw new UserError(
      `Inputs "command" and "variables" make ${length} characters of task overrides; ECS takes ${longestOverrides}. Move long values into the image or into SSM parameters.`,
    )
}

/** The overrides as RunTask takes them. */
export function overridesOf({ container, command, environment = {}, cpu, memory }: Overrides): TaskOverride {
  const variables = Object.entries(environment).map(([name, value]) => ({ name, value }))
  return {
    containerOverrides: [
      { name: container, ...(command ? { command } : {}), ...(variables.length > 0 ? { environment: variables } : {}) },
    ],
    ...(cpu ? { cpu } : {}),
    ...(memory ? { memory } : {}),
  }
}
