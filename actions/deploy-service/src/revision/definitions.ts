import { inParallel } from '@deploy-actions/action-kit'
import { imageText } from '@deploy-actions/ecr'
import {
  applyChanges,
  differences,
  fetchTaskDefinition,
  loadTaskDefinition,
  type PathParameters,
  parametersUnder,
  releaseImage,
  type TaskDefinitionInput,
  toRegisterInput,
} from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import { imagesByTag } from './by-tag.ts'
import type { WantedImages } from './images.ts'
import type { FoundService, Wanted } from './types.ts'

/** Works out what each service is to run. Reads, and changes nothing. */
export async function wantedDefinitions(
  inputs: Inputs,
  targets: FoundService[],
  images: WantedImages,
  deps: Deps,
): Promise<Wanted[]> {
  const { ecs } = deps.clients
  const { taskDefinition } = inputs
  const named =
    taskDefinition && 'reference' in taskDefinition
      ? await fetchTaskDefinition(ecs, taskDefinition.reference)
      : undefined
  const source = named
    ? toRegisterInput(named)
    : taskDefinition && (await loadTaskDefinition(ecs, taskDefinition, deps.github.workspace))
  const parameters = await readParameters(inputs, deps)
  const fetched = new Map<string, ReturnType<typeof fetchTaskDefinition>>()
  const runningOf = ({ runs }: FoundService) => {
    const known = fetched.get(runs) ?? fetchTaskDefinition(ecs, runs)
    fetched.set(runs, known)
    return known
  }
  return inParallel(targets, 10, async (target) => {
    const found = await runningOf(target)
    const running = toRegisterInput(found)
    const definition = changed(source ?? running, inputs, images, parameters)
    const changes = differences(running, definition)
    return {
      target,
      running,
      definition,
      changes,
      byTag: changes.length === 0 ? imagesByTag(definition, inputs) : [],
      named,
      inactive: found.taskDefinition.status === 'INACTIVE',
      imageBefore: releaseImage(running, inputs.container),
      image: releaseImage(definition, inputs.container),
    }
  })
}

async function readParameters(inputs: Inputs, deps: Deps): Promise<PathParameters | undefined> {
  if (!inputs.parametersPath) return undefined
  const found = await parametersUnder(await deps.clients.ssm(), inputs.parametersPath, { as: inputs.parametersAs })
  const count = Object.keys(found.secrets).length + Object.keys(found.environment).length
  deps.log.info(`${count} parameter${count === 1 ? '' : 's'} below ${inputs.parametersPath}.`)
  return found
}

function changed(
  base: TaskDefinitionInput,
  inputs: Inputs,
  images: WantedImages,
  parameters: PathParameters | undefined,
): TaskDefinitionInput {
  const environment = { ...parameters?.environment, ...inputs.variables }
  const secrets = { ...parameters?.secrets, ...inputs.secrets }
  // A variable that is given in the step stands above a parameter of the same name.
  for (const name of Object.keys(inputs.variables)) if (!(name in inputs.secrets)) delete secrets[name]
  for (const name of Object.keys(inputs.secrets)) if (!(name in inputs.variables)) delete environment[name]
  return applyChanges(base, {
    ...(inputs.container && { container: inputs.container }),
    ...(images.single && { image: imageText(images.single) }),
    images: Object.fromEntries(Object.entries(images.byContainer).map(([name, image]) => [name, imageText(image)])),
    ...(Object.keys(environment).length > 0 && { environment }),
    ...(Object.keys(secrets).length > 0 && { secrets }),
    ...(inputs.command && { command: inputs.command }),
    ...(inputs.cpu && { cpu: inputs.cpu }),
    ...(inputs.memory && { memory: inputs.memory }),
    ...(parameters && { dockerLabels: parameters.dockerLabels }),
  })
}
