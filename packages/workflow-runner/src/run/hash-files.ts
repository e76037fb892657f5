import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * `hashFiles()`: sha256 over the sha256 of every file under `workspace` that the patterns match, in the order of
 * their paths; empty when none does. A pattern that starts with `!` takes files away.
 */
export function hashFiles(workspace: string, patterns: string[]): string {
  const all = patterns.flatMap((pattern) => pattern.split('\n')).filter((pattern) => pattern.trim() !== '')
  const files = listFiles(workspace).filter((file) =>
    all.reduce((matched, pattern) => {
      const negative = pattern.startsWith('!')
      const hit = toRegExp(pattern.replace(/^!/, '').replace(/^\.?\//, '')).test(file)
      return negative ? matched && !hit : matched || hit
    }, false),
  )
  if (files.length === 0) return ''
  const total = createHash('sha256')
  for (const file of files)
    total.update(
      createHash('sha256')
        .update(readFileSync(path.join(workspace, file)))
        .digest(),
    )
  return total.digest('hex')
}

/**
 * Hidden files match like others, and a folder stands for all below it (@actions/glob, which the runner uses here).
 */
function toRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]*\]|[.+^${}()|\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    return part.startsWith('[') ? part : `\\${part}`
  })
  return new RegExp(`^${source}(?:/.*)?$`)
}

function listFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile())
    .sort()
}
