import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '@deploy-actions/action-kit'
import { type ContextHash, hashNamedContext } from './build-context.ts'

/** What of a named context enters the key. `drifts` says that its content may change without the key noticing. */
export interface NamedContextKey {
  name: string
  kind: 'folder' | 'oci-layout' | 'remote'
  content: string
  drifts: boolean
  /** What was read of a folder. */
  tree?: ContextHash
}

const remote = /^(https?:\/\/|git:\/\/|ssh:\/\/|[\w.-]+@[\w.-]+:|github\.com\/)/

/**
 * The identity of one `build-contexts` entry (docs.docker.com: docker buildx build, additional build contexts).
 * Folders and layouts are read; images and URLs count by their text, which pins them only where it holds a digest
 * or a full commit. Throws a UserError for a folder that is not there.
 */
export async function namedContextKey(name: string, value: string, workspace: string): Promise<NamedContextKey> {
  if (value.startsWith('docker-image://')) return byText(name, value, !/@sha256:[0-9a-f]{64}$/.test(value))
  if (remote.test(value)) return byText(name, value, !/#[0-9a-f]{40}(:.*)?$/.test(value))
  if (value.startsWith('oci-layout://')) return layoutKey(name, value, workspace)
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value))
    throw new UserError(
      `Input "build-contexts" has "${name}=${value}". Valid: a folder, docker-image://…, oci-layout://…, or the URL of a Git repository or archive.`,
    )
  const folder = path.resolve(workspace, value)
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new UserError(`Input "build-contexts" has "${name}=${value}", but ${folder} is not a folder.`)
  const tree = await hashNamedContext(folder)
  return { name, kind: 'folder', content: tree.hash, drifts: false, tree }
}

function byText(name: string, value: string, drifts: boolean): NamedContextKey {
  return { name, kind: 'remote', content: value, drifts }
}

async function layoutKey(name: string, value: string, workspace: string): Promise<NamedContextKey> {
  const [, folder, tag = '', digest] = value.match(/^oci-layout:\/\/(.*?)(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?$/) ?? []
  if (digest) return { name, kind: 'oci-layout', content: digest, drifts: false }
  const index = path.resolve(workspace, folder ?? '', 'index.json')
  const bytes = await readFile(index).catch(() => undefined)
  if (!bytes)
    throw new UserError(
      `Input "build-contexts" has "${name}=${value}", but there is no OCI layout: ${index} is missing.`,
    )
  // The index names every blob by digest, so its bytes stand for the whole.
  const hash = createHash('sha256').update(bytes).digest('hex')
  return { name, kind: 'oci-layout', content: `${hash}${tag}`, drifts: false }
}
