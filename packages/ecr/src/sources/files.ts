import { createReadStream } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { UserError } from '@deploy-actions/action-kit'
import { capitalised } from '../text.ts'
import { type Chunks, fileChunks } from './chunks.ts'
import type { TarEntry } from './tar.ts'

/** Named files of a directory or of a tar, which hold an image in the same form. */
export interface FileSet {
  description: string
  size(name: string): Promise<number | undefined>
  /** Undefined when there is no such file. Throws when it is larger than `limit`. */
  read(name: string, limit?: number): Promise<Buffer | undefined>
  /** For reading it all: chunks are reused. */
  chunks(name: string): Promise<Chunks>
  /** For pipelines, which keep chunks for a while. */
  open(name: string): Readable
}

const chunkBytes = 256 * 1024
const longestText = 64 * 1024 * 1024

export function directoryFiles(directory: string, description: string): FileSet {
  const at = (name: string) => path.join(directory, name)
  const size = async (name: string) => {
    const found = await stat(at(name)).catch(ifMissing)
    return found?.isFile() ? found.size : undefined
  }
  return {
    description,
    size,
    async read(name, limit = longestText) {
      checkLimit(description, name, await size(name), limit)
      return readFile(at(name)).catch(ifMissing)
    },
    chunks: async (name) => fileChunks(at(name), 0, (await size(name)) ?? 0),
    open: (name) => createReadStream(at(name), { highWaterMark: chunkBytes }),
  }
}

export function tarFiles(file: string, entries: Map<string, TarEntry>, description: string): FileSet {
  const entryOf = (name: string): TarEntry => {
    const entry = entries.get(name)
    if (!entry) throw new Error(`${description} has no ${name}.`)
    return entry
  }
  return {
    description,
    size: async (name) => entries.get(name)?.size,
    async read(name, limit = longestText) {
      const entry = entries.get(name)
      if (!entry) return undefined
      checkLimit(description, name, entry.size, limit)
      await using handle = await open(file, 'r')
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(entry.size), 0, entry.size, entry.offset)
      return buffer.subarray(0, bytesRead)
    },
    async chunks(name) {
      const { offset, size } = entryOf(name)
      return fileChunks(file, offset, size)
    },
    open(name) {
      const entry = entryOf(name)
      if (entry.size === 0) return Readable.from([])
      return createReadStream(file, {
        start: entry.offset,
        end: entry.offset + entry.size - 1,
        highWaterMark: chunkBytes,
      })
    },
  }
}

function checkLimit(description: string, name: string, size: number | undefined, limit: number): void {
  if (size !== undefined && size > limit)
    throw new UserError(
      `${capitalised(description)}: ${name} has ${size} bytes, where at most ${limit} can be. This is no image, or a damaged one; export it again.`,
    )
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
