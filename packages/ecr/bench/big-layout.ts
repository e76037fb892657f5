import { createHash, randomFillSync } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'

/**
 * An OCI layout with one layer of that many bytes that no two calls share; its content is noise, as compressed layers
 * are.
 */
export async function bigLayout(directory: string, bytes: number, name: string): Promise<string> {
  const blobs = path.join(directory, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const sha256 = (content: string) => createHash('sha256').update(content).digest('hex')
  const blob = (content: string, mediaType: string) => {
    writeFileSync(path.join(blobs, sha256(content)), content)
    return { mediaType, digest: `sha256:${sha256(content)}`, size: Buffer.byteLength(content) }
  }
  const layer = await noise(blobs, bytes)
  const config = blob(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Labels: { name } },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
    'application/vnd.oci.image.config.v1+json',
  )
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const root = blob(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] }), mediaType)
  writeFileSync(path.join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [root] }))
  writeFileSync(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  return directory
}

async function noise(blobs: string, bytes: number) {
  const file = path.join(blobs, 'layer')
  const hash = createHash('sha256')
  const block = Buffer.alloc(16 * 1024 * 1024)
  randomFillSync(block)
  await using handle = await open(file, 'w')
  for (let written = 0; written < bytes; written += block.length) {
    block.writeDoubleBE(written)
    const part = block.subarray(0, Math.min(block.length, bytes - written))
    hash.update(part)
    await handle.write(part)
  }
  const hex = hash.digest('hex')
  renameSync(file, path.join(blobs, hex))
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${hex}`, size: bytes }
}
