import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UserError } from '@deploy-actions/action-kit'

/** A folder for what can't be pushed as it lies there; removed with everything in it. */
export interface TemporaryFolder {
  path: string
  remove(): Promise<void>
}

export async function temporaryFolder(parent: string): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(parent, 'image-')).catch((error) => {
    throw diskError(error, parent)
  })
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Writes a stream to `file`, through `steps`. Throws a UserError when the disk is full. */
export async function writeStream(file: string, source: Readable, ...steps: Duplex[]): Promise<void> {
  const target = createWriteStream(file, { highWaterMark: 1024 * 1024 })
  await pipeline([source, ...steps, target]).catch((error) => {
    throw diskError(error, file)
  })
}

function diskError(error: unknown, where: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') return error
  return new UserError(
    `The disk is full: ${where} could not be written (${code}). Nothing was pushed. Free space on the runner, or export the image as an OCI layout, which is pushed without a copy.`,
    { cause: error },
  )
}
