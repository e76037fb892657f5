export { ecsClient, logsClient } from './clients.ts'
export { serviceTasks } from './deployments/deployment-tasks.ts'
export { type ExplainClients, explainFailure } from './deployments/explain.ts'
export { reportAnnotation, reportLines, reportMarkdown } from './deployments/report.ts'
export type {
  DeploymentOutcome,
  FailureReport,
  Judgement,
  Observation,
  Phase,
  StartedDeployment,
  StoppedTask,
  Verdict,
} from './deployments/types.ts'
export { type WatchContext, type WatchOptions, watchDeployments } from './deployments/watch.ts'
export { describeDeployableServices, describeService, describeServices } from './services/describe.ts'
export { loadBalancerMismatch } from './services/load-balancer-ports.ts'
export { primaryOf } from './services/primary.ts'
export { type RollingBounds, rollingBounds, stuckText } from './services/rolling-arithmetic.ts'
export type { ServiceSettings } from './services/settings.ts'
export { applyChanges, isEssential, type TaskDefinitionChanges, targetContainer } from './task-definitions/changes.ts'
export { type Difference, describeDifference, differences, equivalent } from './task-definitions/differences.ts'
export {
  type FetchedTaskDefinition,
  familyRevision,
  fetchTaskDefinition,
  type TaskDefinitionInput,
  toRegisterInput,
} from './task-definitions/fetch.ts'
export { type PathParameters, parametersUnder } from './task-definitions/parameters.ts'
export {
  findEquivalentRevision,
  type RegisteredTaskDefinition,
  registerOrReuse,
} from './task-definitions/register.ts'
export { imagesOf, type ReleaseImage, releaseDigest, releaseImage } from './task-definitions/release-image.ts'
export { loadTaskDefinition } from './task-definitions/source.ts'
export type { TaskDefinitionSource } from './task-definitions/source-text.ts'
export { describeTask, runningTasksStartedBy, taskId } from './tasks/find-tasks.ts'
export { type FollowDeps, type FollowedTask, type FollowRequest, followTask } from './tasks/follow-task.ts'
export { type LastLines, lastLogLines } from './tasks/last-lines.ts'
export { type LaunchSettings, networkOf } from './tasks/launch.ts'
export { type RunTaskRequest, runTask } from './tasks/run-task.ts'
export { stopTask } from './tasks/stop-task.ts'
export { type ConflictContext, type ConflictOptions, settleConflicts } from './updates/conflicts.ts'
export { currentDeployment, rollbackRevision, startDeployment, type UpdateRequest } from './updates/start.ts'
export { type StopOptions, type StopResult, stopDeployment } from './updates/stop.ts'
export { type UndoOptions, type UndoResult, undoDeployment } from './updates/undo.ts'
export {
  type ServiceUpdate,
  type ServiceUpdateResult,
  type UpdateContext,
  updateOne,
  updateServices,
} from './updates/update.ts'
