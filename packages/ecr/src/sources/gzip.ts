import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'

const deflate = promisify(deflateRaw)

/** Docker's own level. */
const level = 6
const blockBytes = 1024 * 1024
/** How far back deflate looks. */
const windowBytes = 32 * 1024
/** No name, no time, made on Unix (RFC 1952). */
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
const emptyLastBlock = Buffer.from([3, 0])

/**
 * Compresses a stream on all cores: block by block in zlib's own threads, each with the end of the one before as its
 * dictionary, joined to one gzip member that anything can read. The same bytes come out on every run and every number
 * of cores, so that equal layers get equal digests.
 */
export async function* gzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = []
  const limit = availableParallelism()
  let checksum = 0
  let size = 0
  let dictionary = Buffer.alloc(0)
  yield header
  for await (const block of blocks(source, limit + 1)) {
    checksum = crc32(block, checksum)
    size += block.length
    const part = deflate(block, {
      level,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(dictionary.length > 0 && { dictionary }),
    })
    // It is awaited in its turn; until then a failure must not count as unhandled.
    part.catch(() => {})
    ahead.push(part)
    dictionary = Buffer.from(block.subarray(-windowBytes))
    if (ahead.length >= limit) yield await ahead.shift()!
  }
  for (const part of ahead) yield await part
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(checksum, 0)
  trailer.writeUInt32LE(size % 2 ** 32, 4)
  yield Buffer.concat([emptyLastBlock, trailer])
}

/** Cuts a stream into blocks of equal size, in `count` buffers that take turns. */
async function* blocks(source: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  const buffers = Array.from({ length: count }, () => Buffer.allocUnsafeSlow(blockBytes))
  let turn = 0
  let filled = 0
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(buffers[turn % count]!, filled, at)
      at += copied
      filled += copied
      if (filled < blockBytes) continue
      yield buffers[turn++ % count]!
      filled = 0
    }
  }
  if (filled > 0) yield buffers[turn % count]!.subarray(0, filled)
}
