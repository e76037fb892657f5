import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type RunOptions, type RunResult, runWorkflow } from '../src/index.ts'

export type Files = Record<string, string>

const made: string[] = []

/** A folder that disappears after the tests of this file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'runner-test-'))
  made.push(directory)
  return directory
}

afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true })
})

export function writeFiles(directory: string, files: Files): string {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return directory
}

export function git(directory: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false']
  return execFileSync('git', ['-C', directory, ...identity, ...args], { encoding: 'utf8' }).trim()
}

/** A git repository with one commit of `files` on `main`. */
export function repository(files: Files): string {
  const directory = writeFiles(temporaryDirectory(), files)
  git(directory, 'init', '--quiet', '--initial-branch=main')
  git(directory, 'add', '--all')
  git(directory, 'commit', '--quiet', '--message', 'Start')
  return directory
}

/** A JavaScript action as files: `action.yml` with the given head, and `dist/index.js`. */
export function nodeAction(
  directory: string,
  options: { head?: string; main?: string; post?: string; postIf?: string },
): Files {
  const post =
    options.post === undefined ? '' : `  post: dist/post.js\n${options.postIf ? `  post-if: ${options.postIf}\n` : ''}`
  return {
    [`${directory}/action.yml`]: `name: ${path.basename(directory)}\ndescription: For tests\n${options.head ?? ''}runs:\n  using: node24\n  main: dist/index.js\n${post}`,
    [`${directory}/dist/index.js`]: options.main ?? '',
    ...(options.post !== undefined && { [`${directory}/dist/post.js`]: options.post }),
  }
}

export interface Setting extends Partial<Omit<RunOptions, 'repository' | 'suite'>> {
  /** The workflow that is started. */
  text: string
  /** Further files of the repository. */
  files?: Files
  /** Files of the suite's checkout. */
  suite?: Files
  ref?: string
}

/** Runs a workflow text as `.github/workflows/main.yml` of a repository made for it, for a push to main unless told otherwise. */
export async function run({ text, files, suite, ref, ...options }: Setting): Promise<RunResult> {
  const directory = repository({ '.github/workflows/main.yml': text, ...files })
  return runWorkflow({
    repository: { name: 'example/shop', path: directory, ...(ref && { ref }) },
    ...(suite && { suite: { name: 'org/deploy-actions', path: writeFiles(temporaryDirectory(), suite) } }),
    workflow: '.github/workflows/main.yml',
    event: { name: 'push' },
    ...options,
  })
}

export function conclusions(result: RunResult): Record<string, string> {
  return Object.fromEntries(result.jobs.map(({ key, conclusion }) => [key, conclusion]))
}

/** What a job's steps printed, less the heads of the steps. */
export function printed(result: RunResult, key: string): string[] {
  const job = result.jobs.find((candidate) => candidate.key === key)
  if (!job) throw new Error(`no job ${key} among ${result.jobs.map((each) => each.key).join(', ')}`)
  return job.steps
    .filter(({ phase }) => phase === 'main' || phase === 'post')
    .flatMap(({ log }) => {
      let depth = 0
      return log.filter((line) => {
        if (line.startsWith('##[group]')) depth++
        const shown = depth === 0
        if (line.startsWith('##[endgroup]')) depth--
        return shown
      })
    })
}

export function steps(result: RunResult, key: string): Record<string, string> {
  const job = result.jobs.find((candidate) => candidate.key === key)
  return Object.fromEntries((job?.steps ?? []).map(({ name, conclusion }) => [name, conclusion]))
}
