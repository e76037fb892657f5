import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { CommandError } from './errors.mjs'

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}

/** An empty OCI image layout to add blobs to. Refuses a folder that holds something. */
export function createLayout(directory) {
  mkdirSync(directory, { recursive: true })
  if (readdirSync(directory).length > 0) throw new CommandError(`the destination ${directory} is not empty`)
  const blobs = path.join(directory, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const add = (mediaType, bytes) => {
    const digest = sha256(bytes)
    writeFileSync(path.join(blobs, digest.slice(7)), bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const addJson = (mediaType, value) => add(mediaType, Buffer.from(JSON.stringify(value)))
  return {
    /** One image: layers of entries, and the config's platform and execution part. Returns its descriptor. */
    async addImage({ platform, layers, config, history, created }) {
      const tars = []
      for (const layer of layers) tars.push(await tarOf(layer, created))
      const [os, architecture, variant] = platform.split('/')
      const configDescriptor = addJson(types.config, {
        created: created.toISOString(),
        architecture,
        ...(variant && { variant }),
        os,
        config,
        rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
        history: history.map((entry) => ({ created: created.toISOString(), ...entry })),
      })
      const manifest = addJson(types.manifest, {
        schemaVersion: 2,
        mediaType: types.manifest,
        config: configDescriptor,
        layers: tars.map((tar) => add(types.layer, gzipSync(tar, { level: 9 }))),
      })
      return {
        config: configDescriptor,
        descriptor: { ...manifest, platform: { architecture, os, ...(variant && { variant }) } },
      }
    },
    /** Writes the entry files; several images are gathered in one index. Returns the descriptor of the whole. */
    finish(images) {
      const { platform, ...single } = images[0].descriptor
      const top =
        images.length === 1
          ? single
          : addJson(types.index, {
              schemaVersion: 2,
              mediaType: types.index,
              manifests: images.map((image) => image.descriptor),
            })
      writeFileSync(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
      writeFileSync(
        path.join(directory, 'index.json'),
        JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [top] }),
      )
      return top
    },
  }
}

export function sha256(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function tarOf(entries, mtime) {
  const archive = pack()
  for (const [name, entry] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [uname = '', gname = uname] = (entry.owner ?? '').split(':')
    const [uid, gid] = [uname, gname].map((id) => (/^\d+$/.test(id) ? Number(id) : 0))
    const names = { uid, gid, uname: /^\d*$/.test(uname) ? '' : uname, gname: /^\d*$/.test(gname) ? '' : gname }
    const header = { name, mode: entry.mode, mtime, ...names }
    if (entry.type === 'file') archive.entry({ ...header, size: entry.bytes.length }, entry.bytes)
    else archive.entry({ ...header, type: entry.type, linkname: entry.target })
  }
  archive.finalize()
  const chunks = []
  for await (const chunk of archive) chunks.push(chunk)
  return Buffer.concat(chunks)
}
