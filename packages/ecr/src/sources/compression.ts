import { createHash } from 'node:crypto'
import { Duplex, type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { UserError } from '@deploy-actions/action-kit'
import { formatBytes } from '../progress.ts'
import { capitalised } from '../text.ts'
import { gzip } from './gzip.ts'
import { writeStream } from './temporary.ts'

export type Compression = 'gzip' | 'zstd' | 'none'

/** Told from the first bytes, because file names in archives promise nothing. */
export function compressionOf(start: Uint8Array): Compression {
  const magic = Buffer.from(start.subarray(0, 4)).toString('hex')
  if (magic.startsWith('1f8b')) return 'gzip'
  return magic === '28b52ffd' ? 'zstd' : 'none'
}

/**
 * A thousand times is what gzip can do to zeros; images come nowhere near, but for small ones that hold a large
 * empty file.
 */
const mostUnpacked = (bytes: number) => Math.max(1024 ** 3, 200 * bytes)

/** A compressed file, and what to call it in errors. */
export interface Packed {
  name: string
  bytes: number
}

/**
 * The steps that decompress a file, up to a bound: some megabytes can be made to fill any disk. What they throw is
 * read by `unpackError`.
 */
export function unpackSteps(compression: 'gzip' | 'zstd', { name, bytes }: Packed): Transform[] {
  const limit = mostUnpacked(bytes)
  let seen = 0
  const bounded = new Transform({
    transform(chunk: Buffer, _, done) {
      seen += chunk.length
      if (seen <= limit) return done(null, chunk)
      const text = `${capitalised(name)} has ${formatBytes(bytes)} and unpacks to more than ${formatBytes(limit)}, which no image does. It was not unpacked further; export the image again.`
      done(new UserError(text))
    },
  })
  return [compression === 'gzip' ? createGunzip() : createZstdDecompress(), bounded]
}

/** What went wrong while `name` was decompressed: a UserError where its content is at fault. */
export function unpackError(error: unknown, { name }: Packed): unknown {
  if (!/^(Z_|ZSTD_|ERR_ZLIB)/.test(String((error as NodeJS.ErrnoException).code))) return error
  const said = (error as Error).message
  return new UserError(
    `${capitalised(name)} can't be decompressed (${said}): it is truncated or damaged. Export the image again.`,
  )
}

/**
 * A layer that was compressed into a file. `diffId` is the digest of what went in, the others are of what came out.
 */
export interface Zipped {
  file: string
  digest: string
  size: number
  diffId: string
}

export async function gzipTo(file: string, source: Readable): Promise<Zipped> {
  const before = counter()
  const after = counter()
  await writeStream(file, source, before.stream, Duplex.from(gzip), after.stream)
  return { file, digest: after.digest(), size: after.size(), diffId: before.digest() }
}

/** Digest and size of a compressed layer, and the digest of what it decompresses to, which is not kept. */
export async function inspectLayer(
  source: Readable,
  compression: 'gzip' | 'zstd',
  file: Packed,
): Promise<{ digest: string; size: number; diffId: string }> {
  const before = counter()
  const after = createHash('sha256')
  await pipeline([source, before.stream, ...unpackSteps(compression, file), after]).catch((error) => {
    throw unpackError(error, file)
  })
  return { digest: before.digest(), size: before.size(), diffId: `sha256:${after.digest('hex')}` }
}

function counter() {
  const hash = createHash('sha256')
  let size = 0
  const stream = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  return { stream, size: () => size, digest: () => `sha256:${hash.copy().digest('hex')}` }
}
