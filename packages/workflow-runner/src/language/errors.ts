/**
 * The workflow, an action or what they were given is wrong: what GitHub would refuse. Before a run it stops the
 * run, inside a job it fails the job. The message names the place.
 */
export class WorkflowError extends Error {
  override readonly name: string = 'WorkflowError'
}

/**
 * GitHub would do this, this runner does not. It always ends the whole run, so that no run passes by leaving
 * something out.
 */
export class UnsupportedError extends WorkflowError {
  override readonly name = 'UnsupportedError'
}
