import { UserError } from '@deploy-actions/action-kit'
import { type Descriptor, isAttestation, parseManifest, platformText } from '../manifest.ts'
import { isIndexType } from '../media-types.ts'
import type { ImageSource } from './source.ts'

/**
 * Narrows a multi-platform image to one platform, such as `linux/amd64`; the digest is then that manifest's own.
 * Throws a UserError that lists the platforms when it is not among them.
 */
export async function onlyPlatform(source: ImageSource, platform: string): Promise<ImageSource> {
  const found: Descriptor[] = []
  const seen = new Set<string>()
  const collect = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (seen.has(descriptor.digest)) return
    seen.add(descriptor.digest)
    if (!isIndexType(descriptor.mediaType)) return void found.push(descriptor)
    const bytes = depth > 0 ? await source.readManifest(descriptor) : undefined
    if (!bytes) return
    for (const child of parseManifest(bytes, source.description, descriptor.mediaType).manifests) {
      if (!isAttestation(child)) await collect(child, depth - 1)
    }
  }
  await collect(source.root, 4)
  const names = found.map((descriptor) => platformText(descriptor.platform))
  const exact = found.filter((_, index) => names[index] === platform)
  // `linux/arm64` also means the one that says v8.
  const chosen = exact.length > 0 ? exact : found.filter((_, index) => names[index]?.startsWith(`${platform}/`))
  if (chosen.length === 1) return { ...source, root: chosen[0]! }
  const has = names.filter(Boolean).join(', ')
  throw new UserError(
    `Input "platform" is "${platform}". ${has ? `Valid for ${source.description}: ${has}` : `${source.description} is no multi-platform image: leave the input empty`}.`,
  )
}
