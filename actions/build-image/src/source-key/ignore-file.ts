import path from 'node:path'

/** One line of an ignore file. `!pattern` takes back what earlier lines left out. */
export interface IgnoreRule {
  pattern: string
  exception: boolean
}

// Go's notion of white space, by which Docker trims; JavaScript's has U+FEFF and lacks U+0085.
const space = '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const ends = new RegExp(`^${space}+|${space}+$`, 'g')

/**
 * The rules of a `.dockerignore`, in order (docs.docker.com: .dockerignore files). A `#` is a comment only in the
 * first column; paths are cleaned, and a leading slash means nothing.
 */
export function parseIgnoreFile(text: string): IgnoreRule[] {
  return (
    text
      .replace(/^\uFEFF/, '')
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replace(ends, ''))
      .filter((line) => line !== '')
      .map((line) => (line.startsWith('!') ? `!${clean(line.slice(1).replace(ends, ''))}` : clean(line)))
      // The builder reads the sign after it cleaned the whole once more: `/!name` is an exception too. A lone `!`
      // it refuses.
      .map(clean)
      .map((line) => ({ pattern: line.replace(/^!/, ''), exception: line.startsWith('!') }))
      .filter(({ pattern }) => pattern !== '')
  )
}

function clean(pattern: string): string {
  if (pattern === '') return ''
  const normal = path.posix.normalize(pattern)
  const relative = normal.length > 1 ? normal.replace(/^\//, '') : normal
  return relative.length > 1 ? relative.replace(/\/$/, '') : relative
}
