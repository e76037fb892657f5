import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { UnsupportedError, WorkflowError } from '../language/errors.ts'
import { evaluateToken, type Scope, scalarText } from '../language/expressions.ts'
import { entries, type MappingToken } from '../language/tokens.ts'
import { isTruthy, upperCased } from '../language/values.ts'
import { refuseOtherMachines } from '../model/supported.ts'
import type { StepsJob } from '../model/workflow.ts'
import { runnerContext } from '../node-action.ts'
import { readActionFile } from '../step/action-file.ts'
import { createMasks } from '../step/masks.ts'
import { endOrphans } from '../step/orphans.ts'
import { createStepOutput } from '../step/output.ts'
import { enterEnvironment, type JobEnvironment } from './environment.ts'
import { jobFrame } from './frame.ts'
import { randomToken } from './id-tokens.ts'
import { environmentUrl, jobOutputs } from './job-end.ts'
import type { Frame, JobState, PostStep, Status } from './job-state.ts'
import { ended, type JobOutcome, type JobUnit } from './jobs.ts'
import type { Conclusion } from './result.ts'
import { runPost, runStep } from './step.ts'

/** Six hours, as on GitHub's own runners. */
const defaultTimeoutMinutes = 360

/**
 * After that, whatever a cancelled job still runs is ended by force (GitHub's "Workflow cancellation reference").
 */
const cancellationMinutes = 5

/** Runs a job with steps: environment, steps, `post` steps in reverse order, outputs. */
export async function runStepsJob(unit: JobUnit<StepsJob>): Promise<JobOutcome> {
  const { instance, job, scope } = unit
  const { run } = instance
  const started = performance.now()
  const environment = await enterEnvironment(run, job.environment, scope, unit.name, unit.cancel)
  if (unit.cancel.aborted) return ended(run, unit.key, unit.name, 'cancelled')
  const end = new AbortController()
  const cancel = () => end.abort()
  unit.cancel.addEventListener('abort', cancel, { once: true })
  if (unit.cancel.aborted) cancel()
  const kill = new AbortController()
  const state = await prepareJob(unit, environment, end.signal, kill.signal)
  const minutes = job.timeoutMinutes ? Number(evaluateToken(job.timeoutMinutes, scope)) : defaultTimeoutMinutes
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    end.abort()
  }, minutes * run.minute)
  let patience: NodeJS.Timeout | undefined
  end.signal.addEventListener('abort', () => {
    patience = setTimeout(() => kill.abort(), cancellationMinutes * run.minute)
  })

  try {
    const frame = jobFrame(state)
    await inPhase(state, 'Set up job', 'setup', (log) => setUp(state, frame, log))
    if (!state.results.some(({ conclusion }) => conclusion === 'failure')) {
      for (const step of job.steps) await runStep(frame, step)
      for (let post: PostStep | undefined = state.posts.pop(); post; post = state.posts.pop()) await runPost(post)
    }
    let outputs: Record<string, string> = {}
    let url: string | undefined
    await inPhase(state, 'Complete job', 'complete', (log, warn) => {
      if (timedOut) log(`##[error]The job has exceeded the maximum execution time of ${minutes} minutes.`)
      outputs = jobOutputs(state, frame, job.outputs, log, warn)
      url = environmentUrl(state, frame, environment, log, warn)
      for (const { pid, name } of endOrphans(state.trackingId)) log(`Terminate orphan process: pid (${pid}) (${name})`)
    })
    const conclusion: Conclusion = state.status
    const forgiven = job.continueOnError !== undefined && isTruthy(evaluateToken(job.continueOnError, scope))
    run.results.push({
      key: unit.key,
      name: unit.name,
      conclusion,
      outputs,
      steps: state.results,
      annotations: [],
      environment: environment && { name: environment.name, url },
      durationMs: Math.round(performance.now() - started),
    })
    const result = conclusion === 'failure' && forgiven ? 'success' : conclusion
    return { result, outputs, conclusions: [result] }
  } finally {
    clearTimeout(timer)
    clearTimeout(patience)
    endOrphans(state.trackingId)
    unit.cancel.removeEventListener('abort', cancel)
  }
}

async function prepareJob(
  unit: JobUnit<StepsJob>,
  environment: JobEnvironment | undefined,
  cancel: AbortSignal,
  kill: AbortSignal,
): Promise<JobState> {
  const { instance, job } = unit
  const { run, plan } = instance
  if (job.runsOn) refuseOtherMachines(job.file, job.runsOn, JSON.stringify(evaluateToken(job.runsOn, unit.scope)))
  const root = path.join(run.root, 'jobs', unit.key.replaceAll(/[^\w.-]+/g, '_'))
  const repositoryName = run.commit.repository.split('/')[1] ?? 'repository'
  const directories = {
    root,
    workspace: path.join(root, 'work', repositoryName, repositoryName),
    temp: path.join(root, 'work', '_temp'),
    home: path.join(root, 'home'),
    toolCache: path.join(root, 'tools'),
  }
  for (const directory of Object.values(directories)) mkdirSync(directory, { recursive: true })
  const token = randomToken()
  const permissions = plan.permissions.get(job.id) ?? {}
  const idToken =
    permissions['id-token'] === 'write'
      ? await run.idTokens.forJob({
          environment: environment?.name,
          source: plan.workflow.source,
          file: plan.workflow.file,
        })
      : undefined
  const environmentSecrets = Object.fromEntries(
    Object.entries(upperCased(environment?.settings.secrets ?? {})).filter(
      ([name]) => instance.environmentSecrets === 'all' || instance.environmentSecrets.has(name),
    ),
  )
  const vars = { ...run.vars, ...upperCased(environment?.settings.vars ?? {}) }
  const secrets = { ...instance.secrets, ...environmentSecrets, GITHUB_TOKEN: token }
  const api = await run.githubApi.forJob(token, permissions)
  const github = { ...run.github, api_url: api, job: job.id, token, workspace: directories.workspace }
  const scope: Scope = { ...unit.scope, contexts: { ...unit.scope.contexts, github, vars, secrets } }
  const env = evaluated(plan.workflow.env, scope)
  const jobEnv = evaluated(job.env, { ...scope, contexts: { ...scope.contexts, env } })
  const defaultOf = (key: string) =>
    [job.defaults, plan.workflow.defaults]
      .map((defaults) => evaluated(defaults, { ...scope, contexts: { ...scope.contexts, env } })[key])
      .find((value) => value !== undefined && value !== '')
  let steps = 0
  return {
    unit,
    run,
    directories,
    github,
    runner: {
      ...runnerContext(directories.temp, directories.toolCache),
      workspace: path.dirname(directories.workspace),
    },
    secrets,
    vars,
    permissions,
    idToken,
    env: { ...env, ...jobEnv },
    prependPath: [],
    defaults: { shell: defaultOf('shell'), workingDirectory: defaultOf('working-directory') },
    status: 'success',
    masks: createMasks([...run.secretValues, ...Object.values(secrets), idToken?.bearer ?? '']),
    trackingId: `github_${randomUUID()}`,
    posts: [],
    results: [],
    cancel,
    kill,
    nextStep: () => ++steps,
  }
}

function evaluated(token: MappingToken | undefined, scope: Scope): Record<string, string> {
  return Object.fromEntries(entries(token).map(({ key, value }) => [key, scalarText(value, scope)]))
}

/** The frame around a job's own work, shown as a step of its own. */
async function inPhase(
  state: JobState,
  name: string,
  phase: 'setup' | 'complete',
  work: (log: (text: string) => void, warn: (message: string) => void) => void,
): Promise<void> {
  const started = performance.now()
  const output = createStepOutput({
    masks: state.masks,
    onLine: (text) => state.run.log({ job: state.unit.name, step: name, text }),
  })
  let conclusion: Status = 'success'
  try {
    work(output.show, (message) => output.annotate('warning', message))
  } catch (error) {
    if (!(error instanceof WorkflowError) || error instanceof UnsupportedError) throw error
    output.annotate('error', error.message)
    conclusion = 'failure'
    if (state.status === 'success') state.status = 'failure'
  }
  state.results.push({
    name,
    id: undefined,
    phase,
    outcome: conclusion,
    conclusion,
    outputs: {},
    annotations: output.annotations,
    summary: '',
    log: output.log,
    durationMs: Math.round(performance.now() - started),
  })
}

function setUp(state: JobState, frame: Frame, log: (text: string) => void): void {
  log('##[group]GITHUB_TOKEN Permissions')
  for (const [scope, level] of Object.entries(state.permissions)) log(`${scope}: ${level}`)
  log('##[endgroup]')
  // GitHub downloads all actions before the first step; only local ones are found when their step comes.
  for (const step of state.unit.job.steps) {
    const uses = step.uses?.toString()
    if (!uses || uses.startsWith('./')) continue
    const action = state.run.resolver.action(uses, frame.source, state.directories.workspace)
    if (action.kind === 'directory') readActionFile(action.directory)
  }
}
