import { createWriteStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type ImageSource, openArchive, openOciLayout, type PushPlan, planPush } from '@deploy-actions/ecr'

export interface LayoutSummary {
  digest: string
  /** Bytes of all distinct blobs, compressed as they are pushed. */
  bytes: number
  layers: number
  /** Empty for a single image without an index. */
  platforms: string[]
}

/**
 * What an OCI layout holds. Throws when a blob that its manifests name is missing or has another size, an export
 * that was cut short, and removes the layout, so that nothing can push it.
 */
export async function inspectLayout(layout: string): Promise<LayoutSummary> {
  try {
    return summarize(await planPush(await openOciLayout(layout)))
  } catch (error) {
    await rm(layout, { recursive: true, force: true })
    throw error
  }
}

/**
 * Turns an archive of `docker save` into an OCI layout at `layout`, layers compressed, so that the image has its
 * digest from here on. The archive is removed.
 */
export async function layoutFromArchive(archive: string, layout: string, temp: string): Promise<LayoutSummary> {
  const source = await openArchive(archive, { temp })
  try {
    const plan = await planPush(source)
    await writeLayout(source, plan, layout)
    return summarize(plan)
  } catch (error) {
    await rm(layout, { recursive: true, force: true })
    throw error
  } finally {
    await source.close()
    await rm(archive, { force: true })
  }
}

async function writeLayout(source: ImageSource, plan: PushPlan, layout: string): Promise<void> {
  const file = (digest: string) => path.join(layout, 'blobs', ...digest.split(':'))
  await mkdir(path.join(layout, 'blobs', 'sha256'), { recursive: true })
  for (const { descriptor } of plan.blobs)
    await pipeline(await source.openBlob(descriptor), createWriteStream(file(descriptor.digest)))
  for (const { digest, bytes } of [...plan.manifests, plan.root]) await writeFile(file(digest), bytes)
  const { mediaType, digest, bytes } = plan.root
  await writeFile(path.join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  await writeFile(
    path.join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, digest, size: bytes.length }] }),
  )
}

function summarize(plan: PushPlan): LayoutSummary {
  const sizes = [...plan.blobs.map(({ descriptor }) => descriptor.size)]
  return {
    digest: plan.root.digest,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    layers: plan.blobs.filter(({ role }) => role === 'layer').length,
    platforms: plan.platforms,
  }
}
