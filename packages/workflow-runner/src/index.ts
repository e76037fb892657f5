export { WorkflowError } from './language/errors.ts'
export { type ActionRun, type NodeActionOptions, repositoryNode, runNodeAction } from './node-action.ts'
export type { Annotation, Level } from './step/output.ts'
export { type Grace, githubGrace } from './step/process.ts'
