import { createHash } from 'node:crypto'
import { type Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip, createZstdDecompress } from 'node:zlib'
import { writeStream } from './temporary.ts'

export type Compression = 'gzip' | 'zstd' | 'none'

/** Told from the first bytes, because file names in archives promise nothing. */
export function compressionOf(start: Uint8Array): Compression {
  const magic = Buffer.from(start.subarray(0, 4)).toString('hex')
  if (magic.startsWith('1f8b')) return 'gzip'
  return magic === '28b52ffd' ? 'zstd' : 'none'
}

export function decompressor(compression: 'gzip' | 'zstd'): Transform {
  return compression === 'gzip' ? createGunzip() : createZstdDecompress()
}

/** Docker's own level. Fixed, with no name and no time in the header, so that equal layers get equal digests on every run. */
const level = 6

/** Compresses a layer into `file`. `diffId` is the digest of what went in, `digest` and `size` are those of what came out. */
export async function gzipTo(
  file: string,
  source: Readable,
): Promise<{ digest: string; size: number; diffId: string }> {
  const before = counter()
  const after = counter()
  await writeStream(file, source, before.stream, createGzip({ level, chunkSize: 256 * 1024 }), after.stream)
  return { digest: after.digest(), size: after.size(), diffId: before.digest() }
}

/** Digest and size of a stream, and the digest of what it decompresses to. */
export async function inspectLayer(
  source: Readable,
  compression: Compression,
): Promise<{ digest: string; size: number; diffId: string }> {
  const before = counter()
  const after = counter()
  const steps = compression === 'none' ? [] : [decompressor(compression)]
  await pipeline([source, before.stream, ...steps, after.stream, drain()])
  return { digest: before.digest(), size: before.size(), diffId: after.digest() }
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

/** Ends a pipeline whose content is only looked at. */
function drain(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}
