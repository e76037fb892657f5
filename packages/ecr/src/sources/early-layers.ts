import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { extract } from 'tar-stream'
import { compressionOf, gzipTo, type Zipped } from './compression.ts'

/**
 * Compresses the plain tars in a tar that still streams in, such as the layers of `docker save`, into `folder`, so
 * that one need not wait for the other. Gives them by their names in the tar. What can't be read is left to whoever
 * reads the whole: that one has the words for it.
 */
export async function compressEarly(stream: Readable, folder: string): Promise<Map<string, Zipped>> {
  const layers = new Map<string, Zipped>()
  const entries = extract()
  // A way of its own beside the stream's other readers: should it end early, the rest is let through for them.
  const copy = stream.pipe(new PassThrough())
  stream.once('close', () => copy.end())
  copy.pipe(entries)
  try {
    for await (const entry of entries) {
      const chunks = entry[Symbol.asyncIterator]() as AsyncIterator<Buffer>
      const first = await chunks.next()
      if (!first.done && entry.header.type === 'file' && isPlainTar(first.value)) {
        const file = path.join(folder, `layer-${layers.size}.tar.gz`)
        layers.set(entry.header.name, await gzipTo(file, Readable.from(rejoined(first.value, chunks))))
      } else entry.resume()
    }
  } catch {
    copy.unpipe(entries)
    copy.resume()
  }
  return layers
}

function isPlainTar(start: Buffer): boolean {
  return compressionOf(start) === 'none' && start.subarray(257, 262).toString('latin1') === 'ustar'
}

async function* rejoined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}
