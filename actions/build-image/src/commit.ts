import { readFileSync } from 'node:fs'
import { type CommandOptions, command, type GitHubContext, toolEnvironment } from '@deploy-actions/action-kit'

/**
 * When the commit was made, in seconds since 1970, for SOURCE_DATE_EPOCH (reproducible-builds.org): from the
 * environment, from git, from the event that started the run. Undefined when none of them knows.
 */
export async function commitTime(github: GitHubContext, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (/^\d+$/.test(env.SOURCE_DATE_EPOCH ?? '')) return env.SOURCE_DATE_EPOCH
  const options = { cwd: github.workspace, env: toolEnvironment(env) }
  return (await fromGit(github.sha, options)) ?? (await fromEvent(env)) ?? (await fromGit('HEAD', options))
}

async function fromGit(commit: string, options: CommandOptions): Promise<string | undefined> {
  if (!commit) return undefined
  // In a container job the checkout may belong to another user, at which git balks.
  const args = ['-c', 'safe.directory=*', 'show', '--no-patch', '--format=%ct', `${commit}^{commit}`]
  const result = await command('git', args, options).catch(() => undefined)
  const time = result?.stdout.trim()
  return result?.exitCode === 0 && time && /^\d+$/.test(time) ? time : undefined
}

async function fromEvent(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH ?? '', 'utf8'))
    const at = Date.parse(event.head_commit?.timestamp)
    return Number.isNaN(at) ? undefined : String(Math.floor(at / 1000))
  } catch {
    return undefined
  }
}
