import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { UserError } from '@deploy-actions/action-kit'

/** Content that is not what its digest or size says. Never worth another attempt. */
export class ContentError extends UserError {}

/**
 * Passes a blob through while hashing it. The last chunk is held back until the whole is known to be right, so that a receiver never gets a
 * complete body with wrong content: on a mismatch the stream ends in a ContentError instead. `where` names the blob's origin.
 */
export function verified(digest: string, size: number, where: string, onBytes?: (count: number) => void): Transform {
  const hash = createHash('sha256')
  let seen = 0
  let held: Buffer | undefined
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      seen += chunk.length
      if (seen > size)
        return done(new ContentError(`Blob ${digest} of ${where} is longer than the ${size} bytes its manifest gives.`))
      onBytes?.(chunk.length)
      const ready = held
      held = chunk
      done(null, ready)
    },
    flush(done) {
      if (seen !== size)
        return done(
          new ContentError(`Blob ${digest} of ${where} has ${seen} bytes, its manifest says ${size}: it is truncated.`),
        )
      const actual = `sha256:${hash.digest('hex')}`
      if (actual !== digest)
        return done(
          new ContentError(
            `Blob ${digest} of ${where} has other content than its name says: its digest is ${actual}. The image is damaged; build or export it again.`,
          ),
        )
      done(null, held)
    },
  })
}
