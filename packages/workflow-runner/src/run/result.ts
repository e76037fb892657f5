import type { Annotation } from '../step/output.ts'

export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped'

export interface StepResult {
  name: string
  id: string | undefined
  phase: 'setup' | 'main' | 'post' | 'complete'
  /** Before `continue-on-error` is applied, and after. */
  outcome: Conclusion
  conclusion: Conclusion
  outputs: Record<string, string>
  annotations: Annotation[]
  summary: string
  log: string[]
  durationMs: number
}

export interface JobResult {
  /** Ids from the first caller's job inwards, with the matrix values: `release/build`, `test (20)`. */
  key: string
  /** As the page of the run shows it: `Release / Build`. */
  name: string
  conclusion: Conclusion
  outputs: Record<string, string>
  steps: StepResult[]
  /** What failed outside of a step. */
  annotations: Annotation[]
  environment: { name: string; url: string | undefined } | undefined
  durationMs: number
}

export interface PlacedAnnotation extends Annotation {
  /** Names; the step is empty for what failed outside of steps. */
  job: string
  step: string
}

export interface RunResult {
  conclusion: Conclusion
  runId: string
  runNumber: number
  name: string
  workflow: string
  event: string
  ref: string
  sha: string
  /** In the order in which they ended; jobs that call a workflow are not among them, the called jobs are. */
  jobs: JobResult[]
  /** Everything shown, one line each, masked. */
  log: string
  annotations: PlacedAnnotation[]
  durationMs: number
}

export function worst(conclusions: Conclusion[]): Conclusion {
  if (conclusions.includes('failure')) return 'failure'
  if (conclusions.includes('cancelled')) return 'cancelled'
  return conclusions.length > 0 && conclusions.every((conclusion) => conclusion === 'skipped') ? 'skipped' : 'success'
}

export function allAnnotations(jobs: JobResult[]): PlacedAnnotation[] {
  return jobs.flatMap((job) => [
    ...job.annotations.map((annotation) => ({ ...annotation, job: job.name, step: '' })),
    ...job.steps.flatMap((step) =>
      step.annotations.map((annotation) => ({ ...annotation, job: job.name, step: step.name })),
    ),
  ])
}
