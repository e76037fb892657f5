import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Value } from '../language/values.ts'
import type { Workflow } from '../model/workflow.ts'
import type { RunOptions } from './options.ts'
import type { Commit } from './repository.ts'

/** The `github` context of a run, and the event's payload as a file. */
export function githubContext(
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
