import { execFileSync } from 'node:child_process'
import path from 'node:path'
import type { StandIn } from './stand-in.ts'

/**
 * Stands in for actions/checkout: the repository at the run's commit, as a clone of its own with the depth that was
 * asked for.
 */
export const checkout: StandIn = {
  inputs: {
    repository: {},
    ref: {},
    path: {},
    'fetch-depth': { default: '1' },
    'fetch-tags': { default: 'false' },
    'persist-credentials': { default: 'true' },
    clean: { default: 'true' },
    token: {},
  },
  run(step) {
    const { inputs, repository } = step
    if (inputs.repository && inputs.repository.toLowerCase() !== repository.name.toLowerCase())
      return step.fail(`Only ${repository.name} can be checked out here, not '${inputs.repository}'`)
    const directory = path.resolve(step.workspace, inputs.path ?? '')
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...step.env, GIT_TERMINAL_PROMPT: '0' },
      }).trim()
    const depth = Number(inputs['fetch-depth'])
    const wanted = inputs.ref || repository.sha
    try {
      git('init', '--quiet', '--initial-branch=main', directory)
      const inside = (...args: string[]) => git('-C', directory, '-c', 'advice.detachedHead=false', ...args)
      inside('remote', 'add', 'origin', `https://github.com/${repository.name}`)
      // Fetched from the path, since a local repository serves any commit only when it is configured so.
      const sha = git('-C', repository.path, 'rev-parse', '--verify', `${wanted}^{commit}`)
      const fetch = ['fetch', '--quiet', '--no-tags', `file://${path.resolve(repository.path)}`]
      if (depth > 0) fetch.push(`--depth=${depth}`)
      inside('-c', 'protocol.file.allow=always', ...fetch, `+${sha}:refs/remotes/origin/checkout`)
      if (inputs['fetch-tags'] === 'true' || depth === 0)
        inside(
          '-c',
          'protocol.file.allow=always',
          'fetch',
          '--quiet',
          `file://${path.resolve(repository.path)}`,
          '+refs/tags/*:refs/tags/*',
        )
      const branch = /^refs\/heads\/(.+)$/.exec(inputs.ref || repository.ref)?.[1]
      if (branch && !inputs.ref) inside('checkout', '--quiet', '-B', branch, sha)
      else inside('checkout', '--quiet', '--detach', sha)
      step.setOutput('commit', sha)
      step.setOutput('ref', inputs.ref || repository.ref)
      step.log(`HEAD is now at ${inside('log', '-1', '--format=%h %s')}`)
    } catch (error) {
      step.fail(`git failed: ${String((error as { stderr?: string }).stderr ?? error).trim()}`)
    }
  },
}
