import { open } from 'node:fs/promises'

/** A blob's bytes in order. A chunk is valid until the next one is asked for: whoever keeps it must copy it. */
export type Chunks = AsyncIterable<Buffer>

const chunkBytes = 1024 * 1024

/**
 * Reads a range of a file through two buffers that take turns, so that a file of any size costs the same memory:
 * fresh buffers would pile up outside the heap faster than they are collected. While one chunk is with the reader,
 * the next is on its way from the disk.
 */
export async function* fileChunks(file: string, offset: number, size: number): AsyncGenerator<Buffer> {
  if (size === 0) return
  const handle = await open(file, 'r')
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(chunkBytes, size)))
  const end = offset + size
  const read = async (turn: number, position: number) => {
    const buffer = buffers[turn % 2]!
    const { bytesRead } = await handle.read(buffer, 0, Math.min(chunkBytes, end - position), position)
    return buffer.subarray(0, bytesRead)
  }
  let ahead = read(0, offset)
  try {
    for (let turn = 1, position = offset; position < end; turn++) {
      const chunk = await ahead
      // The file became shorter while it was read; whoever counts the bytes notices.
      if (chunk.length === 0) return
      position += chunk.length
      if (position < end) {
        ahead = read(turn, position)
        // It is awaited in the next round; until then a failure must not count as unhandled.
        ahead.catch(() => {})
      }
      yield chunk
    }
  } finally {
    await ahead.catch(() => {})
    await handle.close()
  }
}
