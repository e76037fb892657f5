import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { GitHubContext } from '@deploy-actions/action-kit'
import { commitTime } from '../commit.ts'
import type { Inputs } from '../inputs.ts'

export interface Runner {
  github: GitHubContext
  env: NodeJS.ProcessEnv
}

/**
 * What reaches a build beside its inputs and files. Parts that this build has not are absent, so that they change
 * no key.
 */
export interface Surroundings {
  /** Docker's client makes build arguments of them, unasked: HTTP_PROXY, NO_PROXY … */
  proxies?: unknown
  /** The time of the commit, where the Dockerfile asks for it. */
  sourceDateEpoch?: string
  /** The runner's architecture, where the Dockerfile asks for the builder's. */
  architecture?: string
  /** Rules that rewrite or forbid what the Dockerfile names. */
  policies?: string[]
}

/**
 * Reads what of this runner the image may depend on (docs.docker.com: Dockerfile reference, predefined ARGs; CLI,
 * proxies).
 */
export async function surroundings(
  inputs: Pick<Inputs, 'buildArgs'>,
  dockerfile: { file: string; bytes: Buffer },
  { github, env }: Runner,
): Promise<Surroundings> {
  const given = inputs.buildArgs.some(({ name, value }) => name === 'SOURCE_DATE_EPOCH' && value !== undefined)
  const wantsTime = dockerfile.bytes.includes('SOURCE_DATE_EPOCH') && !given
  const proxies = configuredProxies(env)
  const policies = [`${dockerfile.file}.rego`, env.EXPERIMENTAL_BUILDKIT_SOURCE_POLICY]
    .map((file) => file && readIfThere(file))
    .filter((bytes) => bytes !== undefined && bytes !== '')
    .map((bytes) => createHash('sha256').update(bytes!).digest('hex'))
  return {
    ...(proxies !== undefined && { proxies }),
    ...(wantsTime && { sourceDateEpoch: (await commitTime(github, env)) ?? '' }),
    ...(/BUILD(PLATFORM|OS|ARCH|VARIANT)/.test(dockerfile.bytes.toString('latin1')) && { architecture: process.arch }),
    ...(policies.length > 0 && { policies }),
  }
}

/** All of them: which one applies depends on the engine, which a look-up does not ask. */
function configuredProxies(env: NodeJS.ProcessEnv): unknown {
  const folder = env.DOCKER_CONFIG || path.join(env.HOME || homedir(), '.docker')
  try {
    const { proxies } = JSON.parse(readIfThere(path.join(folder, 'config.json'))?.toString('utf8') ?? '{}')
    return proxies && Object.keys(proxies).length > 0 ? proxies : undefined
  } catch {
    // Docker warns of such a file and goes on without it.
    return undefined
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
