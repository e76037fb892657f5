/** The run, as the runner describes it in the environment. Empty texts where the variable is missing. */
export interface GitHubContext {
  /** `owner/name` */
  repository: string
  sha: string
  /** `refs/heads/main` */
  ref: string
  actor: string
  eventName: string
  runId: string
  runAttempt: string
  workflow: string
  job: string
  /** Link to this run; undefined outside a runner. */
  runUrl: string | undefined
  serverUrl: string
  workspace: string
  /** A folder that the runner empties after the job. */
  temp: string
}

export function githubContext(env: NodeJS.ProcessEnv): GitHubContext {
  const serverUrl = env.GITHUB_SERVER_URL ?? 'https://github.com'
  const repository = env.GITHUB_REPOSITORY ?? ''
  const runId = env.GITHUB_RUN_ID ?? ''
  return {
    repository,
    sha: env.GITHUB_SHA ?? '',
    ref: env.GITHUB_REF ?? '',
    actor: env.GITHUB_ACTOR ?? '',
    eventName: env.GITHUB_EVENT_NAME ?? '',
    runId,
    runAttempt: env.GITHUB_RUN_ATTEMPT ?? '1',
    workflow: env.GITHUB_WORKFLOW ?? '',
    job: env.GITHUB_JOB ?? '',
    runUrl: repository && runId ? `${serverUrl}/${repository}/actions/runs/${runId}` : undefined,
    serverUrl,
    workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    temp: env.RUNNER_TEMP ?? '/tmp',
  }
}
