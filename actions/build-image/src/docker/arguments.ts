import type { Inputs } from '../inputs.ts'

export interface BuildOptions {
  dockerfile: string
  labels: Record<string, string>
  /** A folder for an OCI layout, or the name under which the engine keeps the image. */
  destination: { layout: string } | { load: string }
  /** Fetches base images anew and takes no step from the cache, so that nothing is older than this build. */
  fresh: boolean
}

/** The environment variable that carries the n-th secret to the builder. */
export function secretVariable(index: number): string {
  return `BUILD_SECRET_${index + 1}`
}

/**
 * The arguments of `docker buildx build`. No secret is among them, only the names of the variables that hold them.
 */
export function buildArguments(inputs: Inputs, options: BuildOptions): string[] {
  const { destination } = options
  return [
    'buildx',
    'build',
    '--progress=plain',
    ...(inputs.builder ? ['--builder', inputs.builder] : []),
    ...['--file', options.dockerfile],
    ...['--platform', inputs.platforms.join(',')],
    ...(inputs.target ? ['--target', inputs.target] : []),
    ...inputs.buildArgs
      .filter(({ value }) => value !== undefined)
      .flatMap(({ name, value, fromEnvironment }) => ['--build-arg', fromEnvironment ? name : `${name}=${value}`]),
    ...Object.entries(inputs.buildContexts).flatMap(([name, value]) => ['--build-context', `${name}=${value}`]),
    ...inputs.secrets.flatMap(({ id }, index) => ['--secret', `id=${id},env=${secretVariable(index)}`]),
    ...inputs.ssh.flatMap((entry) => ['--ssh', entry]),
    ...inputs.cacheFrom.flatMap((entry) => ['--cache-from', entry]),
    ...inputs.cacheTo.flatMap((entry) => ['--cache-to', entry]),
    ...Object.entries(options.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...(options.fresh ? ['--pull'] : []),
    ...(options.fresh || inputs.noCache ? ['--no-cache'] : []),
    inputs.provenance === 'false' ? '--provenance=false' : `--provenance=mode=${inputs.provenance}`,
    `--sbom=${inputs.sbom}`,
    ...('layout' in destination
      ? ['--output', `type=oci,${csvField(`dest=${destination.layout}`)},tar=false,rewrite-timestamp=true`]
      : ['--load', '--tag', destination.load]),
    inputs.context,
  ]
}

/** buildx reads --output as a line of CSV; a folder may hold commas and quotes. */
function csvField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
