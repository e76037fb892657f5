import { createHash } from 'node:crypto'
import { UserError } from '@deploy-actions/action-kit'
import type { Chunks } from '../sources/chunks.ts'

/** Content that is not what its digest or size says. Never worth another attempt. */
export class ContentError extends UserError {}

/**
 * Passes a blob on while hashing it. The chunk that completes it is only passed on once the whole is known to be
 * right, so that a receiver never gets a complete body with wrong content: otherwise the iteration ends in a
 * ContentError. `where` names the blob's origin.
 */
export async function* verified(digest: string, size: number, where: string, chunks: Chunks): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let seen = 0
  for await (const chunk of chunks) {
    seen += chunk.length
    if (seen > size)
      throw new ContentError(`Blob ${digest} of ${where} is longer than the ${size} bytes its manifest gives.`)
    hash.update(chunk)
    if (seen === size) check()
    yield chunk
  }
  if (seen < size)
    throw new ContentError(`Blob ${digest} of ${where} has ${seen} bytes, its manifest says ${size}: it is truncated.`)
  if (size === 0) check()

  function check() {
    const actual = `sha256:${hash.digest('hex')}`
    if (actual !== digest)
      throw new ContentError(
        `Blob ${digest} of ${where} has other content than its name says: its digest is ${actual}. The image is damaged; build or export it again.`,
      )
  }
}
