import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import dockerignore from '@balena/dockerignore'
import { CommandError } from './errors.mjs'

/** @typedef {{ type: 'file' | 'directory' | 'symlink', mode: number, bytes?: Buffer, target?: string, owner?: string }} Entry */

/** What the ignore file leaves of the context, by path from its root. @returns {Map<string, Entry>} */
export function readContext(context, dockerfile) {
  const ignoreFile = [`${dockerfile}.dockerignore`, path.join(context, '.dockerignore')].map(readIfThere).find(Boolean)
  const ignore = dockerignore({ ignorecase: false }).add((ignoreFile ?? '').replace(/^\uFEFF/, ''))
  const entries = new Map()
  const walk = (directory) => {
    for (const name of readdirSync(path.join(context, directory)).sort()) {
      const relative = directory ? `${directory}/${name}` : name
      const stat = lstatSync(path.join(context, relative))
      const kept = !ignore.ignores(relative)
      if (kept) entries.set(relative, entry(path.join(context, relative), stat))
      // An ignored folder may hold files that a later `!` pattern takes back.
      if (stat.isDirectory()) walk(relative)
    }
  }
  walk('')
  return entries
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function entry(file, stat) {
  const mode = stat.mode & 0o7777
  if (stat.isDirectory()) return { type: 'directory', mode }
  if (stat.isSymbolicLink()) return { type: 'symlink', mode: 0o777, target: readlinkSync(file) }
  if (stat.isFile()) return { type: 'file', mode, bytes: readFileSync(file) }
  throw new CommandError(`the Docker stand-in copies files, folders and symbolic links only: ${file}`)
}

/**
 * Applies a COPY: `sources` from `from` into `image`. Returns what the layer holds, parents included.
 * @param {Map<string, Entry>} from  @param {Map<string, Entry>} image
 */
export function copy(from, image, { sources, destination, workdir, owner, mode }) {
  const layer = new Map()
  const base = path.posix.join('/', destination.startsWith('/') ? '' : workdir, destination).replace(/(.)\/$/, '$1')
  const matches = sources.map((source) => [source, matching(from, source)])
  const intoFolder =
    /(^|\/)\.?$/.test(destination) ||
    matches.length > 1 ||
    matches.some(([, found]) => found.length > 1) ||
    image.get(base.slice(1))?.type === 'directory'
  const put = (target, value) => {
    const name = target.replace(/^\/+/, '')
    if (!name) return
    for (const parent of parents(name)) {
      if (!image.has(parent)) image.set(parent, { type: 'directory', mode: 0o755 })
      if (!layer.has(parent)) layer.set(parent, image.get(parent))
    }
    const changed = { ...value, owner, mode: mode === undefined || value.type === 'symlink' ? value.mode : mode }
    image.set(name, changed)
    layer.set(name, changed)
  }
  for (const [source, found] of matches) {
    if (found.length === 0)
      throw new CommandError(`failed to calculate checksum of ref stand-in: "/${source}": not found`)
    for (const root of found) {
      const prefix = root === '' ? '' : `${root}/`
      if (root !== '' && from.get(root).type !== 'directory') {
        put(intoFolder ? `${base}/${path.posix.basename(root)}` : base, from.get(root))
        continue
      }
      for (const [name, value] of from)
        if (name.startsWith(prefix) && name !== root) put(`${base}/${name.slice(prefix.length)}`, value)
    }
  }
  return layer
}

function matching(from, source) {
  const clean = path.posix.normalize(source).replace(/^\/+/, '').replace(/\/$/, '')
  if (clean.startsWith('..')) throw new CommandError(`COPY ${source}: outside of the build context`)
  if (clean === '.' || clean === '') return ['']
  if (!/[*?[\\]/.test(clean)) return [...from.keys()].some((name) => name === clean) ? [clean] : []
  const pattern = clean.split('/').map((part) =>
    part
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]'),
  )
  const expression = new RegExp(`^${pattern.join('/')}$`)
  return [...from.keys()].filter((name) => expression.test(name))
}

function parents(name) {
  const parts = name.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}
