export { UnsupportedError, WorkflowError } from './language/errors.ts'
export { type ActionRun, type NodeActionOptions, repositoryNode, runNodeAction } from './node-action.ts'
export { type Concurrency, createConcurrency } from './run/concurrency.ts'
export { consoleLog, type LogLine } from './run/log.ts'
export type {
  ConsumerRepository,
  EnvironmentSettings,
  ReviewRequest,
  RunEvent,
  RunOptions,
  Suite,
} from './run/options.ts'
export type { Conclusion, JobResult, PlacedAnnotation, RunResult, StepResult } from './run/result.ts'
export { checkWorkflow, runWorkflow } from './run/run-workflow.ts'
export { awsCredentials } from './standins/aws-credentials.ts'
export { machineAsItIs } from './standins/docker.ts'
export type { StandIn, StandInStep } from './standins/stand-in.ts'
export type { Annotation, Level } from './step/output.ts'
export { type Grace, githubGrace } from './step/process.ts'
