import { UserError } from '@deploy-actions/action-kit'
import { type Descriptor, isAttestation, type Manifest, parseManifest, platformText } from './manifest.ts'
import { isForeignLayer, isManifestType } from './media-types.ts'
import { formatBytes } from './progress.ts'
import { digestOf, shortDigest } from './reference.ts'
import { longestManifest } from './registry/manifests.ts'
import { ContentError } from './registry/verified.ts'
import type { ImageSource } from './sources/source.ts'
import { capitalised } from './text.ts'

/** A blob of the image, and whose it is. */
export interface PlannedBlob {
  descriptor: Descriptor
  role: 'layer' | 'config' | 'content'
  /** `linux/amd64`, where the index says so. */
  platform?: string | undefined
}

/** Everything that a repository must hold before the image is whole there. */
export interface PushPlan {
  root: Manifest
  /** Without the root; children before their index, a subject before what refers to it. */
  manifests: Manifest[]
  blobs: PlannedBlob[]
  /** Layers that may not be pushed. */
  foreign: Descriptor[]
  platforms: string[]
}

/** ECR user guide: service quotas. */
const largestLayer = 52_000 * 1024 ** 2

/** An index in an index in an index is legal; a chain beyond this is a loop of someone's making. */
const deepest = 8

/**
 * Reads all manifests of the source and lists what is to be pushed, before anything is sent. Throws a UserError
 * that lists every missing blob, or says what ECR would refuse, and a ContentError for a manifest whose content is
 * not what its digest says, or a blob of the wrong size.
 */
export async function planPush(source: ImageSource): Promise<PushPlan> {
  const manifests = new Map<string, Manifest>()
  const blobs = new Map<string, PlannedBlob>()
  const foreign = new Map<string, Descriptor>()
  const platforms = new Set<string>()
  const missing: string[] = []

  const visit = async (descriptor: Descriptor, platform: string | undefined, depth: number): Promise<void> => {
    if (manifests.has(descriptor.digest)) return
    if (depth > deepest) throw new UserError(`${source.description} nests indexes more than ${deepest} deep.`)
    const bytes = await source.readManifest(descriptor)
    if (!bytes) return void missing.push(`manifest ${descriptor.digest}${suffix(platform)}`)
    checkManifest(source, descriptor, bytes)
    const manifest = parseManifest(
      bytes,
      `${shortDigest(descriptor.digest)} of ${source.description}`,
      descriptor.mediaType,
    )
    for (const child of manifest.manifests) {
      const name = isAttestation(child) ? undefined : platformText(child.platform)
      if (name) platforms.add(name)
      if (isManifestType(child.mediaType)) await visit(child, name ?? platform, depth + 1)
      else await plan(child, 'content', platform)
    }
    if (manifest.config) await plan(manifest.config, 'config', platform)
    for (const layer of manifest.layers) {
      if (isForeignLayer(layer.mediaType)) foreign.set(layer.digest, checkForeign(source, layer))
      else await plan(layer, 'layer', platform)
    }
    manifests.set(manifest.digest, manifest)
  }

  const plan = async (descriptor: Descriptor, role: PlannedBlob['role'], platform: string | undefined) => {
    const { digest, size } = descriptor
    const known = blobs.get(digest)
    if (known?.descriptor.size === size) return
    checkSize(source, descriptor, role)
    blobs.set(digest, { descriptor, role, platform })
    const found = await source.blobSize(descriptor)
    if (found === undefined) missing.push(`${role} ${digest}${suffix(platform)}`)
    else if (found !== size)
      throw new ContentError(
        `Blob ${digest} of ${source.description} has ${found} bytes, its manifest says ${size}: the image is truncated or damaged. Export it again. Nothing was pushed.`,
      )
  }

  await visit(source.root, undefined, 0)
  if (missing.length > 0) throw incomplete(source, missing)
  const root = manifests.get(source.root.digest)!
  manifests.delete(root.digest)
  return {
    root,
    manifests: subjectsFirst([...manifests.values()]),
    blobs: [...blobs.values()],
    foreign: [...foreign.values()],
    platforms: [...platforms],
  }
}

function checkSize({ description }: ImageSource, { digest, size }: Descriptor, role: PlannedBlob['role']): void {
  if (size === 0)
    throw new UserError(
      `The ${role} ${digest} of ${description} is empty, and ECR takes no empty blobs. Nothing was pushed. Build the image without the artifact or layer of zero bytes.`,
    )
  if (size > largestLayer)
    throw new UserError(
      `The ${role} ${digest} of ${description} has ${formatBytes(size)}, and ECR takes layers of up to 52,000 MiB. Nothing was pushed. Split what the layer holds.`,
    )
}

/** A layer that stays where its licence wants it can only be pulled from an address in its descriptor. */
function checkForeign({ description }: ImageSource, layer: Descriptor): Descriptor {
  if (layer.urls?.length) return layer
  throw new UserError(
    `Layer ${layer.digest} of ${description} is marked as not distributable (${layer.mediaType}) and names no address to pull it from: no one could run the image. Nothing was pushed. Build it with an ordinary media type.`,
  )
}

function checkManifest(source: ImageSource, { digest }: Descriptor, bytes: Buffer): void {
  if (bytes.length > longestManifest)
    throw new UserError(
      `Manifest ${digest} of ${source.description} has ${formatBytes(bytes.length)}, and ECR takes manifests of up to 4 MiB. Nothing was pushed. Build fewer platforms or layers, or without large annotations.`,
    )
  const actual = digestOf(bytes)
  if (actual !== digest)
    throw new ContentError(
      `Manifest ${digest} of ${source.description} has other content than its name says: its digest is ${actual}. Export the image again. Nothing was pushed.`,
    )
}

/**
 * Some registries refuse a manifest whose subject they do not have yet. Stable otherwise, so children stay before
 * their index.
 */
function subjectsFirst(manifests: Manifest[]): Manifest[] {
  const waiting = new Map(manifests.map((manifest) => [manifest.digest, manifest]))
  const ordered: Manifest[] = []
  const place = (manifest: Manifest) => {
    if (!waiting.delete(manifest.digest)) return
    const subject = manifest.subject && waiting.get(manifest.subject.digest)
    if (subject) place(subject)
    ordered.push(manifest)
  }
  for (const manifest of manifests) {
    for (const child of manifest.manifests) {
      const found = waiting.get(child.digest)
      if (found) place(found)
    }
    place(manifest)
  }
  return ordered
}

function incomplete(source: ImageSource, missing: string[]): UserError {
  const shown = missing.slice(0, 20).map((entry) => `  ${entry}`)
  if (missing.length > shown.length) shown.push(`  and ${missing.length - shown.length} more`)
  const byPlatform = missing.some((entry) => entry.includes('for '))
  const advice = byPlatform
    ? 'Docker saves only the platforms that are present locally: choose one by input "platform", or build all of them.'
    : 'The export was not finished or is truncated: export the image again.'
  return new UserError(
    `${capitalised(source.description)} lacks ${missing.length} of the blobs that its manifests name, so nothing was pushed. ${advice}\n${shown.join('\n')}`,
  )
}

function suffix(platform: string | undefined): string {
  return platform ? ` for ${platform}` : ''
}
