import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { WorkflowError } from './language/errors.ts'
import type { Scope } from './language/expressions.ts'
import type { Value } from './language/values.ts'
import { readActionFile } from './step/action-file.ts'
import { createCommandFiles } from './step/command-files.ts'
import { inputVariables, resolveInputs } from './step/inputs.ts'
import { createMasks } from './step/masks.ts'
import { type Annotation, createStepOutput } from './step/output.ts'
import { type Grace, runProcess } from './step/process.ts'
import { graceAt, preloadOf, type Time } from './step/time.ts'

export interface NodeActionOptions {
  /** The directory that holds `action.yml`. */
  action: string
  /** What `with` would give. */
  inputs?: Record<string, string>
  /** Added to the clean environment: AWS endpoint and credentials, overrides of GITHUB_* … */
  env?: Record<string, string>
  /** What `main` saved, for `entry: 'post'`. */
  state?: Record<string, string>
  entry?: 'main' | 'pre' | 'post'
  /** GITHUB_WORKSPACE and working directory; an empty folder when left out. */
  workspace?: string
  /** RUNNER_TEMP, to keep between `main` and `post`; a folder that is removed afterwards when left out. */
  temp?: string
  /** Entries that override the default `github` context, and with it the GITHUB_* variables. */
  github?: Record<string, string>
  jobStatus?: 'success' | 'failure' | 'cancelled'
  /** Cancels as GitHub does: SIGINT, SIGTERM, SIGKILL. */
  signal?: AbortSignal
  grace?: Grace
  /**
   * The time that the action lives in, in step with the simulator's: `simulator.time`. The machine's own when left
   * out.
   */
  time?: Time
  nodePath?: string
  onLine?: (line: string) => void
  /** GitHub only warns of inputs that the action does not declare; here they are an error unless this is set. */
  allowUnexpectedInputs?: boolean
}

export interface ActionRun {
  exitCode: number
  outputs: Record<string, string>
  state: Record<string, string>
  /** What the action wrote to GITHUB_ENV, and to GITHUB_PATH. */
  env: Record<string, string>
  path: string[]
  summary: string
  /** Both streams, masked, commands removed; annotations as `##[error]…`, groups as `##[group]…`. */
  log: string
  annotations: Annotation[]
  masks: string[]
  /** In the time that the action lived in. */
  durationMs: number
  cancelled: boolean
  /** The process had to be killed. */
  killed: boolean
}

/** The Node 24 that npm installed for this repository: the one GitHub would use, whatever runs the tests. */
export function repositoryNode(): string {
  return fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))
}

/**
 * Runs one JavaScript action as the runner would, in a process of its own: inputs and their defaults as `INPUT_*`,
 * command files, the GITHUB_* variables, and nothing of the caller's environment but PATH and HOME. Throws a
 * WorkflowError for an invalid `action.yml` or an undeclared input; a failing action is a result, not an error.
 */
export async function runNodeAction(options: NodeActionOptions): Promise<ActionRun> {
  const action = readActionFile(path.resolve(options.action))
  if (!/^node\d+$/.test(action.using))
    throw new WorkflowError(`${action.file}: 'using: ${action.using}' is not a JavaScript action`)
  const entry = options.entry ?? 'main'
  const script = action.runs.find(entry)?.toString()
  if (!script) throw new WorkflowError(`${action.file}: 'runs.${entry}' is missing`)

  const root = mkdtempSync(path.join(tmpdir(), 'action-'))
  try {
    const temp = options.temp ?? path.join(root, 'temp')
    const workspace = options.workspace ?? path.join(root, 'workspace')
    const eventFile = path.join(root, 'event.json')
    mkdirSync(temp, { recursive: true })
    mkdirSync(workspace, { recursive: true })
    writeFileSync(eventFile, '{}')
    const github = { ...defaultGithub, workspace, event_path: eventFile, ...options.github }
    const runner = runnerContext(temp, path.join(root, 'tools'))
    const scope: Scope = {
      contexts: { github, runner, job: { status: options.jobStatus ?? 'success' }, ...emptyContexts },
    }
    const inputs = resolveInputs(action, options.inputs ?? {}, scope)
    if (inputs.unexpected.length > 0 && !options.allowUnexpectedInputs)
      throw new WorkflowError(
        `Unexpected input(s) '${inputs.unexpected.join("', '")}', valid inputs are ['${[...action.inputs.keys()].join("', '")}']`,
      )

    const files = createCommandFiles(path.join(root, 'commands'))
    const masks = createMasks()
    const output = createStepOutput({
      masks,
      debug: options.env?.RUNNER_DEBUG === '1',
      ...(options.onLine && { onLine: options.onLine }),
    })
    for (const message of inputs.deprecations) output.annotate('warning', message)
    const started = performance.now()
    const result = await runProcess({
      file: options.nodePath ?? repositoryNode(),
      args: [...preloadOf(options.time), path.join(action.directory, script)],
      cwd: workspace,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: process.env.HOME ?? '',
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        ...prefixed('GITHUB_', github),
        ...prefixed('RUNNER_', runner),
        ...options.env,
        ...inputVariables(inputs.values),
        ...prefixedExactly('STATE_', options.state ?? {}),
        ...files.variables,
      },
      onLine: output.line,
      signal: options.signal,
      grace: options.grace ?? graceAt(options.time),
    })
    const written = files.read()
    return {
      ...result,
      exitCode: result.exitCode || (output.failed ? 1 : 0),
      outputs: { ...output.outputs, ...written.outputs },
      state: { ...output.state, ...written.state },
      env: written.env,
      path: written.path,
      summary: masks.hide(written.summary),
      log: output.log.join('\n'),
      annotations: output.annotations,
      masks: masks.values(),
      durationMs: Math.round((performance.now() - started) * (options.time?.speed ?? 1)),
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const emptyContexts: Record<string, Value> = { strategy: {}, matrix: {}, env: {}, inputs: {}, steps: {} }

/** A push to main of an example repository. */
const defaultGithub = {
  action: '__run',
  actor: 'octocat',
  actor_id: '1',
  api_url: 'https://api.github.com',
  base_ref: '',
  event_name: 'push',
  graphql_url: 'https://api.github.com/graphql',
  head_ref: '',
  job: 'deploy',
  ref: 'refs/heads/main',
  ref_name: 'main',
  ref_protected: 'false',
  ref_type: 'branch',
  repository: 'example/shop',
  repository_id: '1',
  repository_owner: 'example',
  repository_owner_id: '1',
  retention_days: '90',
  run_attempt: '1',
  run_id: '1000000001',
  run_number: '1',
  server_url: 'https://github.com',
  sha: '0123456789abcdef0123456789abcdef01234567',
  triggering_actor: 'octocat',
  workflow: 'Deploy',
  workflow_ref: 'example/shop/.github/workflows/deploy.yml@refs/heads/main',
  workflow_sha: '0123456789abcdef0123456789abcdef01234567',
}

export function runnerContext(temp: string, toolCache: string): Record<string, string> {
  return {
    name: 'workflow-runner',
    os: process.platform === 'darwin' ? 'macOS' : 'Linux',
    arch: process.arch === 'arm64' ? 'ARM64' : 'X64',
    environment: 'self-hosted',
    temp,
    tool_cache: toolCache,
  }
}

function prefixed(prefix: string, values: Record<string, string>): Record<string, string> {
  return prefixedExactly(
    prefix,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toUpperCase(), value])),
  )
}

function prefixedExactly(prefix: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]))
}
