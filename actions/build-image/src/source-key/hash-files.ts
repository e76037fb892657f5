import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'

const workers = 8
const chunkSize = 1024 * 1024
/** Below this, the ways to a thread and back cost more than the reading itself. */
const inOnePiece = 256 * 1024

/**
 * The SHA-256 (hex) of every file, in the order given. Large ones are streamed, a few at a time, so that memory
 * stays bounded whatever the context holds.
 */
export async function hashFiles(files: { file: string | Buffer; size: number }[]): Promise<string[]> {
  const hashes = new Array<string>(files.length)
  let next = 0
  const work = async () => {
    for (let index = next++; index < files.length; index = next++) hashes[index] = await hashFile(files[index]!)
  }
  await Promise.all(Array.from({ length: Math.min(workers, files.length) }, work))
  return hashes
}

async function hashFile({ file, size }: { file: string | Buffer; size: number }): Promise<string> {
  const hash = createHash('sha256')
  if (size <= inOnePiece) return hash.update(readFileSync(file)).digest('hex')
  for await (const chunk of createReadStream(file, { highWaterMark: chunkSize })) hash.update(chunk)
  return hash.digest('hex')
}
