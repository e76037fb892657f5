import { createHash, type Hash, randomUUID } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Digest } from './digest.ts'

/** Content-addressed files in a temporary directory, so that the size of an image never shows in memory. */
export interface BlobFiles {
  pathOf(digest: Digest): string
  newFile(): IncomingFile
  close(): Promise<void>
}

/** A file on its way in. `append` keeps what arrived when the source breaks off. */
export interface IncomingFile {
  readonly size: number
  append(source: AsyncIterable<Buffer>): Promise<void>
  digest(algorithm: Digest['algorithm']): Promise<string>
  /** Takes its place under its digest. The file is closed. */
  commit(digest: Digest): Promise<void>
  discard(): Promise<void>
}

export function blobFiles(): BlobFiles {
  let folder: string | undefined
  const directory = () => {
    if (folder === undefined) {
      folder = mkdtempSync(path.join(tmpdir(), 'aws-simulator-'))
      for (const name of ['sha256', 'sha512', 'uploads']) mkdirSync(path.join(folder, name))
    }
    return folder
  }
  const pathOf = ({ algorithm, hex }: Digest) => path.join(directory(), algorithm, hex)
  return {
    pathOf,
    newFile: () => incomingFile(path.join(directory(), 'uploads', randomUUID()), pathOf),
    async close() {
      if (folder) await rm(folder, { recursive: true, force: true })
      folder = undefined
    },
  }
}

function incomingFile(file: string, pathOf: (digest: Digest) => string): IncomingFile {
  let handle: FileHandle | undefined
  let size = 0
  const hash: Hash = createHash('sha256')
  return {
    get size() {
      return size
    },
    async append(source) {
      handle ??= await open(file, 'w')
      for await (const chunk of source) {
        // The write is the thread pool's, the hash ours: both at once.
        const written = handle.write(chunk, 0, chunk.length, size)
        hash.update(chunk)
        await written
        size += chunk.length
      }
    },
    async digest(algorithm) {
      if (algorithm === 'sha256') return `sha256:${hash.copy().digest('hex')}`
      const other = createHash(algorithm)
      if (handle) for await (const chunk of createReadStream(file)) other.update(chunk as Buffer)
      return `${algorithm}:${other.digest('hex')}`
    },
    async commit(digest) {
      handle ??= await open(file, 'w')
      await handle.close()
      await rename(file, pathOf(digest))
    },
    async discard() {
      await handle?.close().catch(() => undefined)
      await rm(file, { force: true })
    },
  }
}
