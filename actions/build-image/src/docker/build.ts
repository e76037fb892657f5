import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { type CommandOptions, command, type Log, toolEnvironment, UserError } from '@deploy-actions/action-kit'
import type { Inputs } from '../inputs.ts'
import { type BuildOptions, buildArguments, secretVariable } from './arguments.ts'
import { type Builder, lastLine, noEngine, saysNoEngine } from './builder.ts'
import { BuildProgress, type BuildStep } from './progress.ts'

export interface BuildDeps {
  log: Log
  env: NodeJS.ProcessEnv
  cancelled: AbortSignal
}

export interface BuildRequest {
  dockerfile: string
  labels: Record<string, string>
  /** Seconds since 1970; undefined where the commit's time is unknown. */
  sourceDateEpoch: string | undefined
  /** Nothing in it may be older than this build. */
  fresh: boolean
  tag: string
  /** Where the layout or archive goes; does not exist yet. */
  output: string
}

export interface Built {
  /** An OCI layout (folder), or an archive of `docker save`. */
  path: string
  kind: 'layout' | 'archive'
  steps: BuildStep[]
}

/**
 * Builds into `request.output`. What a failed or cancelled build left there is removed. Throws a UserError that
 * names the failing step of the Dockerfile with its last lines.
 */
export async function build(inputs: Inputs, request: BuildRequest, builder: Builder, deps: BuildDeps): Promise<Built> {
  if (!builder.exportsOci) refuseWhatTheEngineCannot(inputs)
  const { output } = request
  mkdirSync(path.dirname(output), { recursive: true })
  const options = { cwd: inputs.workspace, env: buildEnvironment(inputs, request, deps.env), signal: deps.cancelled }
  try {
    const steps = builder.exportsOci
      ? await buildWith(inputs, request, { layout: output }, options, deps)
      : await buildAndSave(inputs, request, options, deps)
    return { path: output, kind: builder.exportsOci ? 'layout' : 'archive', steps }
  } catch (error) {
    rmSync(output, { recursive: true, force: true })
    throw error
  }
}

async function buildAndSave(inputs: Inputs, request: BuildRequest, options: CommandOptions, deps: BuildDeps) {
  deps.log.notice(
    "The engine's own builder can't write OCI layouts here, so the image is loaded into the engine and saved as an archive. A step that uses docker/setup-buildx-action before this one avoids the detour.",
  )
  const name = `build-image:${request.tag}`
  const steps = await buildWith(inputs, request, { load: name }, options, deps)
  const saved = await command('docker', ['save', '--output', request.output, name], {
    ...options,
    env: toolEnvironment(deps.env),
  })
  if (saved.exitCode !== 0)
    throw new UserError(
      `The image was built, but docker save failed: ${lastLine(saved.stderr)} Nothing was pushed. Check the space left in ${path.dirname(request.output)}.`,
    )
  return steps
}

async function buildWith(
  inputs: Inputs,
  request: BuildRequest,
  destination: BuildOptions['destination'],
  options: CommandOptions,
  { log }: BuildDeps,
): Promise<BuildStep[]> {
  const args = buildArguments(inputs, { ...request, destination })
  const progress = new BuildProgress()
  const result = await log.group(`docker ${shown(args)}`, () =>
    command('docker', args, {
      ...options,
      onLine(line) {
        progress.read(line)
        log.info(line)
      },
    }),
  )
  if (progress.warnings.length > 0) log.warning(progress.warnings.join('\n'), path.basename(request.dockerfile))
  if (result.exitCode === 0) return progress.steps
  if (saysNoEngine(result.stderr)) throw noEngine()
  throw new UserError(failureText(progress, result.exitCode))
}

function failureText(progress: BuildProgress, exitCode: number): string {
  const { step, message, lines, location } = progress.failure()
  const where = [location, step].filter(Boolean).join(', ')
  const tail = lines.slice(-15)
  return [
    `The image could not be built (docker buildx build ended with ${exitCode}). Nothing was pushed.`,
    where ? `${where}: ${message}` : message,
    ...(tail.length > 0 ? ['Its last lines:', ...tail] : []),
  ].join('\n')
}

/** The long values are of no use in a heading. */
function shown(args: string[]): string {
  return args.map((arg) => (arg.length > 120 ? `${arg.slice(0, 100)}…` : arg)).join(' ')
}

function buildEnvironment(inputs: Inputs, request: BuildRequest, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // The inputs of this step hold the secrets as well; the builder gets them under one name only.
  const inherited = Object.entries(env).filter(([name]) => !name.startsWith('INPUT_'))
  return {
    ...Object.fromEntries(inherited),
    ...(request.sourceDateEpoch && { SOURCE_DATE_EPOCH: request.sourceDateEpoch }),
    ...Object.fromEntries(inputs.secrets.map(({ value }, index) => [secretVariable(index), value])),
  }
}

function refuseWhatTheEngineCannot(inputs: Inputs): void {
  const wanted = [
    inputs.platforms.length > 1 && `several platforms (${inputs.platforms.join(', ')})`,
    inputs.provenance !== 'false' && 'provenance',
    inputs.sbom && 'an SBOM',
    inputs.cacheTo.some((entry) => !entry.includes('type=inline')) && 'cache-to',
  ].filter((text) => text !== false)
  if (wanted.length > 0)
    throw new UserError(
      `The engine's own builder can't do ${wanted.join(', ')} without the containerd image store. Add a step that uses docker/setup-buildx-action before this one. Nothing was built.`,
    )
}
