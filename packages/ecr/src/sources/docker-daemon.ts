import { spawn } from 'node:child_process'
import path from 'node:path'
import { toolEnvironment, UserError } from '@deploy-actions/action-kit'
import { type ArchiveOptions, openArchive } from './archive.ts'
import type { Zipped } from './compression.ts'
import { compressEarly } from './early-layers.ts'
import type { ImageSource } from './source.ts'
import { temporaryFolder, writeStream } from './temporary.ts'

export interface DaemonOptions extends ArchiveOptions {
  signal?: AbortSignal | undefined
  env?: NodeJS.ProcessEnv
}

/**
 * Opens an image of the local Docker daemon by `docker save` into a temporary file, because the daemon hands out no
 * single blobs. Throws a UserError when there is no docker, no daemon, no such image, or no space.
 */
export async function openDaemonImage(name: string, options: DaemonOptions): Promise<ImageSource> {
  const folder = await temporaryFolder(options.temp)
  try {
    const file = path.join(folder.path, 'saved.tar')
    const early = await save(name, file, options)
    const source = await openArchive(file, options, { name: `image ${name} of the local Docker daemon`, early })
    return {
      ...source,
      async close() {
        await source.close()
        await folder.remove()
      },
    }
  } catch (error) {
    await folder.remove()
    throw error
  }
}

/** Saves the image to `file`, and compresses its layers while it does. */
async function save(
  name: string,
  file: string,
  { signal, env = process.env }: DaemonOptions,
): Promise<Map<string, Zipped>> {
  const docker = spawn('docker', ['save', name], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: toolEnvironment(env),
    signal,
  })
  const complaint: Buffer[] = []
  docker.stderr.on('data', (chunk: Buffer) => complaint.push(chunk))
  const ended = new Promise<number | null>((resolve, reject) => {
    docker.once('error', reject)
    docker.once('close', resolve)
  })
  const written = writeStream(file, docker.stdout).catch((error) => {
    docker.kill()
    throw error
  })
  const [exit, write, early] = await Promise.allSettled([
    ended,
    written,
    compressEarly(docker.stdout, path.dirname(file)),
  ])
  if (signal?.aborted) throw signal.reason
  if (exit.status === 'rejected') throw spawnError(exit.reason)
  // A full disk ends docker too: then its complaint is only a broken pipe.
  if (write.status === 'rejected') throw write.reason
  if (exit.value !== 0) throw saveError(name, Buffer.concat(complaint).toString('utf8').trim())
  if (early.status === 'rejected') throw early.reason
  return early.value
}

function spawnError(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ENOENT') return error
  return new UserError(
    'Input "image" names an image of the local Docker daemon, and there is no "docker" command on this runner. Use a runner with Docker, or give the path of an OCI layout or archive.',
  )
}

function saveError(name: string, complaint: string): Error {
  if (/no such image|does not exist|not found/i.test(complaint))
    return new UserError(
      `The local Docker daemon has no image "${name}". Build or load it in an earlier step of this job, for example with docker buildx build --load.`,
    )
  if (/cannot connect|connection refused|daemon running/i.test(complaint))
    return new UserError(
      `The Docker daemon does not answer (${complaint}). Start it, or give the path of an OCI layout or archive as input "image".`,
    )
  return new UserError(`docker save ${name} failed: ${complaint || 'no reason given'}`)
}
