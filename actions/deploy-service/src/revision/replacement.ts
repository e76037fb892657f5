import { UserError } from '@deploy-actions/action-kit'
import type { TaskDefinitionInput } from '@deploy-actions/ecs'
import type { Inputs } from '../inputs.ts'
import type { Wanted } from './types.ts'

/**
 * The services that would become other services, a sentence each: of another family, or with other containers.
 * Mostly a file that was meant for one of them only. Empty where `allow-replacement` asks for it.
 */
export function replacements({ allowReplacement }: Pick<Inputs, 'allowReplacement'>, wanted: Wanted[]): string[] {
  if (allowReplacement) return []
  return wanted.flatMap(({ target, running, definition }) => {
    const [now, then] = [identity(running), identity(definition)]
    return now === then ? [] : [`${target.name} runs ${now} and would run ${then}.`]
  })
}

/** Throws a UserError when a service would be replaced without being asked for. Nothing was changed then. */
export function refuseReplacement(inputs: Inputs, wanted: Wanted[]): void {
  const found = replacements(inputs, wanted)
  if (found.length > 0) throw new UserError(`${found.join('\n')}\n${replacementAdvice} Nothing was changed.`)
}

export const replacementAdvice =
  'Give each service the task definition of its own family and containers, in a step of its own, or set allow-replacement: true where the change is meant.'

function identity({ family, containerDefinitions = [] }: TaskDefinitionInput): string {
  const names = containerDefinitions.map(({ name = '' }) => name).sort()
  return `family ${family} with container${names.length === 1 ? '' : 's'} ${names.join(', ')}`
}
