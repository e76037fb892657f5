import { type CommandOptions, command, MissingProgramError, UserError } from '@deploy-actions/action-kit'

export interface Builder {
  /** `docker`, `docker-container`, `kubernetes`, `remote` … */
  driver: string
  /** Whether it writes OCI layouts itself. The engine's own builder does only with the containerd image store. */
  exportsOci: boolean
}

const unreachable = /Cannot connect to the Docker daemon|Is the docker daemon running|error during connect/i

/**
 * Finds out what can build here, by asking rather than by version. Throws a UserError that says what is missing,
 * the program, buildx, the builder or the engine, and which setup step brings it.
 */
export async function findBuilder(name: string | undefined, options: CommandOptions): Promise<Builder> {
  const docker = (...args: string[]) => command('docker', args, options)
  const buildx = await docker('buildx', 'version').catch((error: unknown) => {
    if (!(error instanceof MissingProgramError)) throw error
    throw new UserError(
      'No image of this source is in ECR, and nothing can build one here: there is no program "docker" on this runner. Run the job on a runner with Docker, such as ubuntu-latest, or add a step that uses docker/setup-docker-action, then one that uses docker/setup-buildx-action.',
      { cause: error },
    )
  })
  if (buildx.exitCode !== 0)
    throw new UserError(
      'No image of this source is in ECR, and nothing can build one here: Docker is there, but buildx is missing. Add a step that uses docker/setup-buildx-action before this one.',
    )

  const inspected = await docker('buildx', 'inspect', ...(name ? [name] : []))
  if (unreachable.test(inspected.stderr)) throw noEngine()
  if (inspected.exitCode !== 0)
    throw new UserError(
      `docker buildx has no usable builder${name ? ` "${name}"` : ''}: ${lastLine(inspected.stderr)} Add a step that uses docker/setup-buildx-action before this one${name ? ', and give its output "name" to the input "builder"' : ''}.`,
    )
  const driver = inspected.stdout.match(/^Driver:\s*(\S+)/m)?.[1] ?? 'unknown'
  if (driver !== 'docker') return { driver, exportsOci: true }

  const info = await docker('info', '--format', '{{json .}}')
  if (info.exitCode !== 0) throw noEngine()
  return { driver, exportsOci: info.stdout.includes('io.containerd.snapshotter.v1') }
}

/** The daemon does not answer. */
export function noEngine(): UserError {
  return new UserError(
    'No image of this source is in ECR, and nothing can build one here: buildx is there, but no Docker engine answers. Start the engine (docker/setup-docker-action brings one), or check DOCKER_HOST; a builder elsewhere is chosen by the input "builder".',
  )
}

/** Whether a command failed because the daemon does not answer. */
export function saysNoEngine(text: string): boolean {
  return unreachable.test(text)
}

export function lastLine(text: string): string {
  const line =
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^ERROR:\s*/, '') ?? ''
  return /[.!?]$/.test(line) ? line : `${line}.`
}
