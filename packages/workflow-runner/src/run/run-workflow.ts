import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { scalarText } from '../language/expressions.ts'
import { upperCased } from '../language/values.ts'
import { repositoryNode } from '../node-action.ts'
import { createMasks } from '../step/masks.ts'
import { githubGrace } from '../step/process.ts'
import { createConcurrency } from './concurrency.ts'
import { createGitHubApi } from './github-api.ts'
import { githubContext } from './github-context.ts'
import { createIdTokens, randomToken } from './id-tokens.ts'
import { outOfStep } from './in-step.ts'
import { runJobs } from './jobs.ts'
import type { RunOptions } from './options.ts'
import type { Plan } from './plan.ts'
import { prepare } from './prepare.ts'
import { allAnnotations, type RunResult, worst } from './result.ts'
import type { Instance, Run } from './run.ts'
import { holdConcurrency } from './slots.ts'

/**
 * Runs a workflow for an event, as GitHub would, on this machine. The repository is read as committed; called
 * workflows and the suite's actions come from the suite's checkout.
 *
 * Resolves when the run has ended, failed and cancelled runs included. Rejects with a WorkflowError when GitHub
 * would not start the run (invalid file, wrong inputs, permissions, or an event that does not start it), and with
 * an UnsupportedError when the run needs what this runner does not do.
 */
export async function runWorkflow(options: RunOptions): Promise<RunResult> {
  const started = performance.now()
  const root = mkdtempSync(path.join(tmpdir(), 'workflow-run-'))
  const cancel = new AbortController()
  let fatal: Error | undefined
  const requestCancel = () => cancel.abort()
  options.signal?.addEventListener('abort', requestCancel, { once: true })
  if (options.signal?.aborted) requestCancel()
  let idTokens: Run['idTokens'] | undefined
  const githubApi = createGitHubApi(options.repository)
  try {
    const { commit, resolver, plan, inputs } = prepare(options, root)
    const { workflow } = plan
    const token = randomToken()
    const github = githubContext(options, commit, workflow, inputs, root)
    idTokens = createIdTokens(github)
    const secretValues = [
      options.secrets,
      ...Object.values(options.environments ?? {}).map(({ secrets }) => secrets),
    ].flatMap((secrets) => Object.values(secrets ?? {}))
    const masks = createMasks([...secretValues, token])
    const log: string[] = []
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
      githubApi,
      machine: { PATH: process.env.PATH ?? '', ...options.env },
      nodePath: options.nodePath ?? repositoryNode(),
      grace: options.grace ?? githubGrace,
      minute: options.minute ?? 60_000,
      debug: options.debug ?? false,
      cancelled: () => cancel.signal.aborted,
      cancel: requestCancel,
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
      heldGroups: [],
      cancel: cancel.signal,
    }
    const scope = { contexts: { github, inputs, vars: run.vars } }
    const name = workflow.runName ? scalarText(workflow.runName, scope) : workflow.name
    const held = await holdConcurrency(instance, workflow.concurrency, name, scope, cancel.signal, requestCancel)
    const outcomes = held
      ? await runJobs({ ...instance, heldGroups: held.groups }).finally(() => held.release())
      : new Map()
    if (fatal) throw fatal
    const conclusion = worst([...outcomes.values()].flatMap((outcome) => outcome.conclusions))
    return {
      conclusion: cancel.signal.aborted || !held ? 'cancelled' : conclusion,
      runId: String(github.run_id),
      runNumber: Number(github.run_number),
      name,
      workflow: workflow.name,
      event: options.event.name,
      ref: commit.ref,
      sha: commit.sha,
      jobs: run.results,
      log: log.join('\n'),
      annotations: allAnnotations(run.results),
      durationMs: Math.round(performance.now() - started),
    }
  } finally {
    options.signal?.removeEventListener('abort', requestCancel)
    await idTokens?.close()
    await githubApi.close()
    rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  }
}

/**
 * Checks what `runWorkflow` would check before its first job, and runs nothing. Returns the jobs by key
 * (`release/build`), called workflows included, and `warnings` for inputs and outputs that the actions do not have.
 * Throws as `runWorkflow` rejects.
 */
export function checkWorkflow(options: RunOptions): { name: string; jobs: string[]; warnings: string[] } {
  const root = mkdtempSync(path.join(tmpdir(), 'workflow-check-'))
  try {
    const { plan, resolver } = prepare(options, root)
    return { name: plan.workflow.name, jobs: jobKeys(plan), warnings: outOfStep(plan, resolver) }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function jobKeys(plan: Plan): string[] {
  return [...plan.workflow.jobs.keys()].flatMap((id) => {
    const called = plan.calls.get(id)
    return called ? jobKeys(called).map((key) => `${id}/${key}`) : [id]
  })
}
