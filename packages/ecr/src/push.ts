import { inParallel, messageOf, UserError } from '@deploy-actions/action-kit'
import type { Descriptor, Manifest } from './manifest.ts'
import { type PlannedBlob, type PushPlan, planPush } from './plan.ts'
import { formatBytes, uploadProgress } from './progress.ts'
import { shortDigest } from './reference.ts'
import { hasBlob, uploadBlob } from './registry/blobs.ts'
import { manifestDigest, putManifest } from './registry/manifests.ts'
import { pace } from './registry/pace.ts'
import type { Registry } from './registry/registry.ts'
import type { ImageSource } from './sources/source.ts'

export interface PushOptions {
  /** A repository of the same registry that may hold the same layers. */
  mountFrom?: string | undefined
  /** Blobs under way at a time. */
  parallel?: number
}

export interface PushedBlob extends PlannedBlob {
  outcome: 'uploaded' | 'mounted' | 'present'
  milliseconds: number
}

export interface PushResult {
  root: Manifest
  digest: string
  mediaType: string
  /** False when the repository held the image already, whatever happened to tags. */
  pushed: boolean
  tags: { tag: string; changed: boolean }[]
  blobs: PushedBlob[]
  /** Layers whose licence keeps them out of registries; pulls fetch them elsewhere. */
  foreign: Descriptor[]
  platforms: string[]
  uploadedBytes: number
  milliseconds: number
}

/** Below ECR's ten PutImage a second, which the whole account shares. */
const manifestsPerSecond = 8

/**
 * Pushes an image with every byte unchanged and points `tags` at it. What the repository holds already is not sent:
 * a blob is looked for first, then mounted, then uploaded. Blobs go before manifests, children before their index,
 * tags last, so that no tag ever names an image that is not whole. Tags that point elsewhere are moved. Throws a
 * UserError or RegistryError; the message says which tags were set, if any.
 */
export async function pushImage(
  source: ImageSource,
  registry: Registry,
  repository: string,
  tags: string[],
  options: PushOptions = {},
): Promise<PushResult> {
  const { clock, signal } = registry.options
  const started = clock.now().getTime()
  const plan = await planPush(source)
  const { root } = plan
  const before = new Map<string, string | undefined>()
  await inParallel([root.digest, ...tags], 4, async (reference) => {
    before.set(reference, await manifestDigest(registry, repository, reference))
  })

  const pushed = ![...before.values()].includes(root.digest)
  const paced = pace(clock, manifestsPerSecond)
  const put = async (manifest: Manifest, reference: string) => {
    await paced(signal)
    signal?.throwIfAborted()
    await putManifest(registry, repository, manifest, reference)
  }
  const blobs = pushed ? await pushBlobs(plan, source, registry, repository, options) : []
  if (pushed) {
    for (const manifest of plan.manifests) {
      if ((await manifestDigest(registry, repository, manifest.digest)) === undefined)
        await put(manifest, manifest.digest)
    }
    await put(root, root.digest)
  }
  const set = await setTags(tags, before, root, put)
  return {
    root,
    digest: root.digest,
    mediaType: root.mediaType,
    pushed,
    tags: set,
    blobs,
    foreign: plan.foreign,
    platforms: plan.platforms,
    uploadedBytes: sum(blobs.filter(({ outcome }) => outcome === 'uploaded')),
    milliseconds: clock.now().getTime() - started,
  }
}

async function pushBlobs(
  plan: PushPlan,
  source: ImageSource,
  registry: Registry,
  repository: string,
  { mountFrom, parallel = 4 }: PushOptions,
): Promise<PushedBlob[]> {
  const { clock, log } = registry.options
  const done: PushedBlob[] = []
  const absent: PlannedBlob[] = []
  await inParallel(plan.blobs, 8, async (blob) => {
    if (await hasBlob(registry, repository, blob.descriptor))
      done.push({ ...blob, outcome: 'present', milliseconds: 0 })
    else absent.push(blob)
  })
  const total = sum(absent)
  log.info(
    `${count(plan.blobs.length, 'blob')}, ${done.length} present, ${absent.length} to send (${formatBytes(total)}).`,
  )

  const progress = uploadProgress(log, clock, total)
  // The largest first: it decides how long the whole takes.
  absent.sort((a, b) => b.descriptor.size - a.descriptor.size)
  const stop = new AbortController()
  await inParallel(absent, parallel, async (blob) => {
    const started = clock.now().getTime()
    const from = { description: source.description, open: () => source.openBlob(blob.descriptor) }
    const limits = { mountFrom, onBytes: progress, signal: stop.signal }
    const outcome = await uploadBlob(registry, repository, blob.descriptor, from, limits).catch((error) => {
      // Without a whole image there is nothing to tag: the other uploads need not end first.
      stop.abort(error)
      throw error
    })
    const milliseconds = clock.now().getTime() - started
    done.push({ ...blob, outcome, milliseconds })
    log.info(
      `  ${blob.role} ${shortDigest(blob.descriptor.digest)} ${outcome} (${formatBytes(blob.descriptor.size)}, ${(milliseconds / 1000).toFixed(1)} s)`,
    )
  })
  const order = new Map(plan.blobs.map(({ descriptor }, index) => [descriptor.digest, index]))
  return done.sort((a, b) => order.get(a.descriptor.digest)! - order.get(b.descriptor.digest)!)
}

async function setTags(
  tags: string[],
  before: Map<string, string | undefined>,
  root: Manifest,
  put: (manifest: Manifest, reference: string) => Promise<void>,
): Promise<PushResult['tags']> {
  const set: PushResult['tags'] = []
  for (const tag of tags) {
    const changed = before.get(tag) !== root.digest
    try {
      if (changed) await put(root, tag)
    } catch (error) {
      const others = set.filter((entry) => entry.changed).map((entry) => entry.tag)
      if (others.length === 0) throw error
      throw new UserError(`${messageOf(error)} Before that, ${others.join(', ')} had been pointed at ${root.digest}.`, {
        cause: error,
      })
    }
    set.push({ tag, changed })
  }
  return set
}

function sum(blobs: PlannedBlob[]): number {
  return blobs.reduce((bytes, { descriptor }) => bytes + descriptor.size, 0)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
