/**
 * The workflow, an action or what they were given is wrong, or asks for something that this runner does not do.
 * The run does not start (or the job fails); the message names the place.
 */
export class WorkflowError extends Error {
  override readonly name = 'WorkflowError'
}
