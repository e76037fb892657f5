import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Random numbers from 0 to 1 that a seed repeats (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

const names = [
  'a',
  'b',
  'A',
  'a.b',
  'ab',
  'ba',
  '(a)',
  'a+b',
  '[x]',
  'x',
  'é',
  '𝒳',
  'a b',
  '!a',
  '.git',
  '^a',
  'a$',
  'a|b',
  '{a}',
  'a\\b',
  '#c',
  'a'.repeat(120),
]
const wild = [
  '*',
  '?',
  '**',
  'a*',
  '*b',
  '*.b',
  '[ab]',
  '[^a]',
  '[a-c]b',
  '\\*',
  '\\[x\\]',
  '**a',
  'a**',
  '..',
  '.',
  '',
  '[!a]',
  '?b',
  '*+*',
  '(*)',
  'é?',
  'x]',
  '*|b',
  '*{a}',
  'a{1}*',
  '\\w',
  '[a^]',
  '[a.b]',
  '**/*.b',
  '*a*b*',
  `${'a*'.repeat(30)}b`,
  `${'*a'.repeat(30)}`,
  `${'**/a*'.repeat(8)}`,
  `${'?'.repeat(20)}*`,
  'a{2,}*',
  '*a{1,3}',
  '*^a',
  '*|^b|x*',
  '\\D*',
  '[a-c-x]*',
  '**\uFEFF',
]
/** Refused by the builder, or read in a way that is not reproduced. */
const refused = ['[]a]', '[a-', '[x', 'a\\', '[[x]', '[*]', '\\b*', '*{2}', '\uFEFF*']

/** A new tree below `root`: files, folders, links and hard links, with names that mean something in patterns. */
export function randomTree(root: string, random: () => number): string {
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root)
  const files: string[] = []
  for (let count = 0; count < 40; count++) {
    const name = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(names)).join('/')
    const target = path.join(root, name)
    const kind = random()
    try {
      mkdirSync(path.dirname(target), { recursive: true })
      if (kind < 0.1) mkdirSync(target)
      else if (kind < 0.2) symlinkSync(pick(names), target)
      else if (kind < 0.3 && files.length > 0) linkSync(pick(files), target)
      else {
        writeFileSync(target, name, { flag: 'wx' })
        chmodSync(target, pick([0o644, 0o755, 0o600, 0o4755]))
        files.push(target)
      }
    } catch (error) {
      // The name is taken, or a file stands where a folder would be: one entry less.
      if (!['EEXIST', 'ENOTDIR', 'ELOOP', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  return root
}

/** One to five lines, now and then one that the builder refuses. */
export function randomIgnoreFile(random: () => number): string {
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!
  const part = () => pick(random() < 0.02 ? refused : random() < 0.5 ? wild : names)
  const line = () => {
    const sign = random() < 0.35 ? pick(['!', '! ']) : pick(['', '', '/', ' '])
    return sign + Array.from({ length: 1 + Math.floor(random() * 3) }, part).join('/')
  }
  return Array.from({ length: 1 + Math.floor(random() * 5) }, line).join(pick(['\n', '\r\n']))
}
