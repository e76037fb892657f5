import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../lib/repository.ts'

/** A service team's repository: a real git repository, with the example's files as its first commit. */
export interface Consumer {
  path: string
  /** Changes files on `branch` and commits. Returns the commit. */
  commit(branch: string, message: string, change: (files: Files) => void): string
  /** Merges `from` into `into` with a merge commit, as the button on GitHub does. Returns the commit. */
  merge(from: string, into: string): string
}

export interface Files {
  edit(name: string, change: (text: string) => string): void
  add(name: string, text: string): void
}

export function createConsumer(folder: string): Consumer {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...identity } }).trim()
  const files: Files = {
    edit(name, change) {
      const file = path.join(folder, name)
      writeFileSync(file, change(readFileSync(file, 'utf8')))
    },
    add: (name, text) => writeFileSync(path.join(folder, name), text),
  }

  cpSync(path.join(root, 'examples/hello-service'), folder, {
    recursive: true,
    filter: (source) => !source.split(path.sep).includes('node_modules'),
  })
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '--message=Say hello')
  git('branch', 'prod')

  return {
    path: folder,
    commit(branch, message, change) {
      git('checkout', '--quiet', branch)
      change(files)
      git('add', '.')
      git('commit', '--quiet', `--message=${message}`)
      return git('rev-parse', 'HEAD')
    },
    merge(from, into) {
      git('checkout', '--quiet', into)
      git('merge', '--quiet', '--no-ff', `--message=Merge ${from} into ${into}`, from)
      return git('rev-parse', 'HEAD')
    },
  }
}

const identity = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
}
