export { applyChanges, isEssential, type TaskDefinitionChanges, targetContainer } from './task-definitions/changes.ts'
export { type Difference, describeDifference, differences, equivalent } from './task-definitions/differences.ts'
export {
  describeTaskDefinition,
  type FetchedTaskDefinition,
  familyRevision,
  fetchTaskDefinition,
  type TaskDefinitionInput,
  toRegisterInput,
} from './task-definitions/fetch.ts'
export { nearestName } from './task-definitions/nearest.ts'
export { type PathParameters, parametersLabel, parametersUnder } from './task-definitions/parameters.ts'
export { parseTaskDefinitionFile } from './task-definitions/parse-file.ts'
export {
  findEquivalentRevision,
  type RegisteredTaskDefinition,
  registerOrReuse,
} from './task-definitions/register.ts'
export { loadTaskDefinition, type TaskDefinitionSource, taskDefinitionSource } from './task-definitions/source.ts'
