import { createHash, randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { WorkflowError } from '../language/errors.ts'
import { scalarText } from '../language/expressions.ts'
import { upperCased, type Value } from '../language/values.ts'
import { restrictedDefault } from '../model/permissions.ts'
import { readWorkflow, type Workflow } from '../model/workflow.ts'
import { repositoryNode } from '../node-action.ts'
import { awsCredentials } from '../standins/aws-credentials.ts'
import { checkout } from '../standins/checkout.ts'
import { setupBuildx, setupQemu } from '../standins/docker.ts'
import type { StandIn } from '../standins/stand-in.ts'
import { createMasks } from '../step/masks.ts'
import { githubGrace } from '../step/process.ts'
import { createConcurrency } from './concurrency.ts'
import { dispatchInputs, reasonNotToStart } from './events.ts'
import { createIdTokens, randomToken } from './id-tokens.ts'
import { runJobs } from './jobs.ts'
import type { RunOptions } from './options.ts'
import { planWorkflow } from './plan.ts'
import { type Commit, changedPaths, gitOutput, readCommit } from './repository.ts'
import { createResolver } from './resolve.ts'
import { type RunResult, worst } from './result.ts'
import type { Instance, Run } from './run.ts'
import { holdConcurrency } from './slots.ts'

/** What stands in for third-party actions everywhere. */
const builtInStandIns: Record<string, StandIn> = {
  'actions/checkout': checkout,
  'docker/setup-buildx-action': setupBuildx,
  'docker/setup-qemu-action': setupQemu,
}

/**
 * Runs a workflow for an event, as GitHub would, on this machine. The repository is read as committed; called workflows and the suite's actions come
 * from the suite's checkout.
 *
 * Resolves when the run has ended, failed and cancelled runs included. Rejects with a WorkflowError when GitHub would not start the run (invalid file,
 * wrong inputs, permissions, or an event that does not start it), and with an UnsupportedError when the run needs what this runner does not do.
 */
export async function runWorkflow(options: RunOptions): Promise<RunResult> {
  const started = performance.now()
  const root = mkdtempSync(path.join(tmpdir(), 'workflow-run-'))
  try {
    const commit = readCommit(options.repository, path.join(root, 'commit'))
    const { suite } = options
    const resolver = createResolver({
      consumer: commit,
      consumerAt: (ref) =>
        readCommit(
          {
            name: options.repository.name,
            path: options.repository.path,
            ...(isCommit(ref) ? { sha: ref, ref } : { ref }),
          },
          path.join(root, 'refs', ref.replaceAll('/', '_')),
        ),
      suite: suite && { ...suite, sha: suiteSha(suite.path) },
      standIns: {
        ...builtInStandIns,
        ...(options.aws && { 'aws-actions/configure-aws-credentials': awsCredentials(options.aws) }),
        ...options.standIns,
      },
    })
    const workflow = readWorkflow(commit, options.workflow)
    const refused = reasonNotToStart(workflow, {
      name: options.event.name,
      ref: commit.ref,
      changedPaths: () => changedPaths(options.repository.path, options.event.before, commit.sha),
    })
    if (refused) throw new WorkflowError(refused)
    const inputs =
      options.event.name === 'workflow_dispatch'
        ? dispatchInputs(
            workflow.triggers.dispatch ?? [],
            options.event.inputs ?? {},
            Object.keys(options.environments ?? {}),
          )
        : {}
    const plan = planWorkflow(workflow, resolver, options.defaultPermissions ?? restrictedDefault)
    const token = randomToken()
    const github = githubContext(options, commit, workflow, inputs, root)

    const secretValues = [
      options.secrets ?? {},
      ...Object.values(options.environments ?? {}).map((each) => each.secrets ?? {}),
    ].flatMap(Object.values<string>)
    const idTokens = createIdTokens(github)
    const masks = createMasks([...secretValues, token])
    const log: string[] = []
    const cancel = new AbortController()
    let cancelled = false
    let fatal: Error | undefined
    const requestCancel = () => {
      cancelled = true
      cancel.abort()
    }
    const run: Run = {
      root,
      commit,
      repository: options.repository,
      resolver,
      github,
      vars: upperCased(options.vars ?? {}),
      secretValues,
      environments: options.environments ?? {},
      concurrency: options.concurrency ?? createConcurrency(),
      idTokens,
      machine: { PATH: process.env.PATH ?? '', ...options.env },
      nodePath: options.nodePath ?? repositoryNode(),
      grace: options.grace ?? githubGrace,
      minute: options.minute ?? 60_000,
      debug: options.debug ?? false,
      cancelled: () => cancelled,
      abort(error) {
        fatal ??= error
        requestCancel()
      },
      results: [],
      log(line) {
        const shown = { ...line, text: masks.hide(line.text) }
        log.push(`${shown.job}\t${shown.step}\t${shown.text}`)
        options.onLine?.(shown)
      },
    }
    const instance: Instance = {
      run,
      plan,
      callers: [],
      inputs,
      secrets: { ...upperCased(options.secrets ?? {}), GITHUB_TOKEN: token },
      environmentSecrets: 'all',
      cancel: cancel.signal,
    }
    options.signal?.addEventListener('abort', requestCancel, { once: true })
    if (options.signal?.aborted) requestCancel()
    try {
      const scope = { contexts: { github, inputs, vars: run.vars } }
      const name = workflow.runName ? scalarText(workflow.runName, scope) : workflow.name
      const held = await holdConcurrency(instance, workflow.concurrency, scope, cancel.signal, requestCancel)
      const outcomes = held ? await runJobs(instance).finally(() => held.release()) : new Map()
      if (fatal) throw fatal
      const conclusion = worst([...outcomes.values()].flatMap((outcome) => outcome.conclusions))
      return {
        conclusion: cancelled || !held ? 'cancelled' : conclusion,
        runId: String(github.run_id),
        runNumber: Number(github.run_number),
        name,
        workflow: workflow.name,
        event: options.event.name,
        ref: commit.ref,
        sha: commit.sha,
        jobs: run.results,
        log: log.join('\n'),
        annotations: run.results.flatMap((job) => [
          ...job.annotations.map((annotation) => ({ ...annotation, job: job.name, step: '' })),
          ...job.steps.flatMap((step) =>
            step.annotations.map((annotation) => ({ ...annotation, job: job.name, step: step.name })),
          ),
        ]),
        durationMs: Math.round(performance.now() - started),
      }
    } finally {
      options.signal?.removeEventListener('abort', requestCancel)
      await idTokens.close()
    }
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  }
}

function isCommit(ref: string): boolean {
  return /^[0-9a-f]{40}$/.test(ref)
}

function suiteSha(directory: string): string {
  try {
    return gitOutput(directory, 'rev-parse', 'HEAD')
  } catch {
    // A tree without history, as a release tag's would be when unpacked: any stable name will do.
    return createHash('sha1').update(path.resolve(directory)).digest('hex')
  }
}

/** The `github` context of a run, and the event's payload as a file. */
function githubContext(
  options: RunOptions,
  commit: Commit,
  workflow: Workflow,
  inputs: Record<string, Value>,
  root: string,
): Record<string, Value> {
  const { event, repository } = options
  const [owner = '', name = ''] = repository.name.split('/')
  const actor = event.actor ?? 'octocat'
  const shortRef = commit.ref.replace(/^refs\/(heads|tags)\//, '')
  const payload: Record<string, Value> = {
    ref: commit.ref,
    repository: {
      name,
      full_name: repository.name,
      owner: { login: owner },
      default_branch: repository.defaultBranch ?? 'main',
      html_url: `https://github.com/${repository.name}`,
    },
    sender: { login: actor },
    ...(event.name === 'push' && {
      before: event.before ?? '0'.repeat(40),
      after: commit.sha,
      pusher: { name: actor },
      head_commit: {
        id: commit.sha,
        message: commit.message,
        timestamp: commit.timestamp,
        author: { ...commit.author },
      },
    }),
    ...(event.name === 'workflow_dispatch' && {
      workflow: workflow.file,
      inputs: Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, String(value)])),
    }),
    ...event.payload,
  }
  const eventPath = path.join(root, 'event.json')
  mkdirSync(root, { recursive: true })
  writeFileSync(eventPath, JSON.stringify(payload, null, 2))
  return {
    actor,
    actor_id: '1',
    api_url: 'https://api.github.com',
    base_ref: '',
    event: payload,
    event_name: event.name,
    event_path: eventPath,
    graphql_url: 'https://api.github.com/graphql',
    head_ref: '',
    ref: commit.ref,
    ref_name: shortRef,
    ref_protected: false,
    ref_type: commit.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository: repository.name,
    repository_id: '1',
    repository_owner: owner,
    repository_owner_id: '1',
    retention_days: '90',
    run_attempt: String(options.runAttempt ?? 1),
    run_id: options.runId ?? String(randomInt(1_000_000_000, 9_999_999_999)),
    run_number: String(options.runNumber ?? 1),
    server_url: 'https://github.com',
    sha: commit.sha,
    triggering_actor: actor,
    workflow: workflow.name,
    workflow_ref: `${repository.name}/${workflow.file}@${commit.ref}`,
    workflow_sha: commit.sha,
  }
}
