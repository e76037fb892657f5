import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import type { Descriptor } from '../../src/index.ts'

export const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Blobs by digest, and what to do with them: a little builder for images of any shape. */
export class Content {
  readonly blobs = new Map<string, Buffer>()

  add(bytes: Buffer | string, mediaType: string, more: Partial<Descriptor> = {}): Descriptor {
    const buffer = Buffer.from(bytes as string)
    const digest = sha256(buffer)
    this.blobs.set(digest, buffer)
    return { mediaType, digest, size: buffer.length, ...more }
  }

  json(value: unknown, mediaType: string, more: Partial<Descriptor> = {}): Descriptor {
    return this.add(JSON.stringify(value), mediaType, more)
  }

  bytes(descriptor: { digest: string }): Buffer {
    return this.blobs.get(descriptor.digest)!
  }

  /** An image of one platform with a layer for each text. */
  async image(
    layers: string[],
    { platform, labels, more }: { platform?: string; labels?: Record<string, string>; more?: object } = {},
  ): Promise<Descriptor> {
    const tars = await Promise.all(layers.map((text, index) => tarOf({ [`file-${index}`]: text })))
    const [os = 'linux', architecture = 'amd64', variant] = (platform ?? '').split('/').filter(Boolean)
    const config = this.json(
      { os, architecture, config: { Labels: labels ?? {} }, rootfs: { type: 'layers', diff_ids: tars.map(sha256) } },
      'application/vnd.oci.image.config.v1+json',
    )
    return this.json(
      {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config,
        layers: tars.map((tar) => this.add(gzipSync(tar), 'application/vnd.oci.image.layer.v1.tar+gzip')),
        ...more,
      },
      'application/vnd.oci.image.manifest.v1+json',
      platform ? { platform: { os, architecture, ...(variant && { variant }) } } : {},
    )
  }

  /** BuildKit's provenance beside an image, in the form it has had since 0.32: an artifact with a subject. */
  attestation(subject: Descriptor): Descriptor {
    const statement = this.json({ predicateType: 'https://slsa.dev/provenance/v1' }, 'application/vnd.in-toto+json')
    const { digest, mediaType, size } = subject
    return this.json(
      {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        artifactType: 'application/vnd.docker.attestation.manifest.v1+json',
        config: this.json({}, 'application/vnd.oci.empty.v1+json'),
        layers: [statement],
        subject: { mediaType, digest, size },
      },
      'application/vnd.oci.image.manifest.v1+json',
      {
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': subject.digest,
        },
      },
    )
  }

  index(manifests: Descriptor[], more: Partial<Descriptor> = {}): Descriptor {
    const mediaType = 'application/vnd.oci.image.index.v1+json'
    return this.json({ schemaVersion: 2, mediaType, manifests }, mediaType, more)
  }

  /** The files of an OCI layout whose index.json names `roots`. */
  layoutFiles(...roots: Descriptor[]): Record<string, Buffer> {
    const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: roots }
    return {
      ...Object.fromEntries([...this.blobs].map(([digest, bytes]) => [`blobs/sha256/${digest.slice(7)}`, bytes])),
      'index.json': Buffer.from(JSON.stringify(index)),
      'oci-layout': Buffer.from('{"imageLayoutVersion":"1.0.0"}'),
    }
  }
}

export function writeFiles(directory: string, files: Record<string, Buffer | string>): string {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true })
    writeFileSync(path.join(directory, name), bytes)
  }
  return directory
}

export type TarContent = Buffer | string | { symlink: string } | { link: string }

/** A tar with fixed times, as image builders write it. */
export async function tarOf(files: Record<string, TarContent>): Promise<Buffer> {
  const tar = pack()
  const mtime = new Date(0)
  for (const [name, content] of Object.entries(files)) {
    if (Buffer.isBuffer(content) || typeof content === 'string') tar.entry({ name, mtime }, content)
    else if ('symlink' in content) tar.entry({ name, mtime, type: 'symlink', linkname: content.symlink })
    else tar.entry({ name, mtime, type: 'link', linkname: content.link })
  }
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** What `docker save` of Docker 24 and earlier writes: one folder a layer, duplicates as symbolic links. */
export async function oldDockerArchive(
  layers: string[],
  tags: string[] | null = ['shop:1'],
): Promise<Record<string, TarContent>> {
  const tars = await Promise.all(layers.map((text) => tarOf({ 'app/file': text })))
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    config: {},
    rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
  })
  const name = `${sha256(config).slice(7)}.json`
  const files: Record<string, TarContent> = { [name]: config }
  const first = new Map<string, string>()
  const paths = tars.map((tar, index) => {
    const id = sha256(`${index}`).slice(7)
    const known = first.get(sha256(tar))
    files[`${id}/layer.tar`] = known ? { symlink: `../${known}/layer.tar` } : tar
    if (!known) first.set(sha256(tar), id)
    return `${id}/layer.tar`
  })
  files['manifest.json'] = JSON.stringify([{ Config: name, RepoTags: tags, Layers: paths }])
  return files
}

/**
 * What `docker save` of Docker 25 and later writes from its older store: a layout with plain tars, and manifest.json.
 */
export async function newDockerArchive(layers: string[]): Promise<Record<string, TarContent>> {
  const content = new Content()
  const tars = await Promise.all(layers.map((text) => tarOf({ 'app/file': text })))
  const config = content.json(
    { os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: tars.map(sha256) } },
    'application/vnd.oci.image.config.v1+json',
  )
  const plain = tars.map((tar) => content.add(tar, 'application/vnd.oci.image.layer.v1.tar'))
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const root = content.json({ schemaVersion: 2, mediaType, config, layers: plain }, mediaType, {
    annotations: { 'io.containerd.image.name': 'docker.io/library/shop:1', 'org.opencontainers.image.ref.name': '1' },
  })
  const blob = (digest: string) => `blobs/sha256/${digest.slice(7)}`
  return {
    ...content.layoutFiles(root),
    'manifest.json': JSON.stringify([
      { Config: blob(config.digest), RepoTags: ['shop:1'], Layers: plain.map(({ digest }) => blob(digest)) },
    ]),
    repositories: '{}',
  }
}
