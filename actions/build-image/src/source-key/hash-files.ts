import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'

const workers = 16
const inOnePiece = 1024 * 1024

/**
 * The SHA-256 (hex) of every file, in the order given. A few files at a time, the large ones streamed, so that memory stays bounded whatever the
 * context holds.
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
  if (size <= inOnePiece) return hash.update(await readFile(file)).digest('hex')
  for await (const chunk of createReadStream(file, { highWaterMark: inOnePiece })) hash.update(chunk)
  return hash.digest('hex')
}
