import { statSync } from 'node:fs'
import path from 'node:path'
import { type GitHubContext, type InputReader, UserError } from '@deploy-actions/action-kit'
import type { EcrRepository } from '@deploy-actions/ecr'
import { repositoryInputs } from '@deploy-actions/ecr/inputs'
import { LABELS } from '@deploy-actions/release'
import { type BuildSecret, parseSecrets } from './secrets.ts'

/** `value` is undefined for an argument that is passed on without one: not set in the environment. */
export interface BuildArgument {
  name: string
  value: string | undefined
  /** The value comes from the environment and stays out of the argument list. */
  fromEnvironment: boolean
}

export interface Inputs {
  repository: EcrRepository
  /** Region of the registry. */
  region: string
  workspace: string
  context: string
  dockerfile: string | undefined
  target: string | undefined
  platforms: string[]
  buildArgs: BuildArgument[]
  buildContexts: Record<string, string>
  secrets: BuildSecret[]
  /** SSH agents and keys for `RUN --mount=type=ssh`: `default`, or `id=path`. */
  ssh: string[]
  cacheFrom: string[]
  cacheTo: string[]
  migrationsPath: string | undefined
  maxAgeMs: number | undefined
  /** Looks the image up and builds nothing. */
  lookupOnly: boolean
  rebuild: boolean
  /** What another environment tested ships here, whatever its age. */
  promotion: boolean
  noCache: boolean
  labels: Record<string, string>
  provenance: 'false' | 'min' | 'max'
  sbom: boolean
  output: string | undefined
  builder: string | undefined
}

const day = 86_400_000
const name = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/

/**
 * Reads and checks everything before the first call. Throws a UserError that names the input, its value and what is
 * valid.
 */
export function parseInputs(reader: InputReader, github: GitHubContext, env: NodeJS.ProcessEnv): Inputs {
  const workspace = github.workspace
  const { repository, region } = repositoryInputs(reader)
  return {
    repository,
    region,
    workspace,
    context: contextFolder(reader.text('context') ?? '.', workspace),
    dockerfile: inWorkspace(reader.text('dockerfile'), workspace),
    target: reader.matching('target', name, 'the name or number of a build stage'),
    platforms: platforms(reader.list('platforms'), env),
    buildArgs: buildArguments(reader.lines('build-args'), env),
    buildContexts: buildContexts(reader.pairs('build-contexts')),
    secrets: parseSecrets(reader.text('secrets') ?? '', env),
    ssh: sshEntries(reader.lines('ssh')),
    cacheFrom: caches('cache-from', reader.lines('cache-from')),
    cacheTo: caches('cache-to', reader.lines('cache-to')),
    migrationsPath: inWorkspace(reader.text('migrations-path'), workspace),
    maxAgeMs: reader.optionalDuration('max-age', { max: 3650 * day }),
    lookupOnly: reader.flag('lookup-only', false),
    rebuild: reader.flag('rebuild', false),
    promotion: reader.flag('promotion', false),
    noCache: reader.flag('no-cache', false),
    labels: labels(reader.pairs('labels')),
    provenance: provenance(reader.choice('provenance', ['false', 'true', 'min', 'max'], 'false')),
    sbom: reader.flag('sbom', false),
    output: outputFolder(inWorkspace(reader.text('output'), workspace)),
    builder: reader.matching('builder', name, 'the name of a builder, as docker buildx ls shows it'),
  }
}

function inWorkspace(file: string | undefined, workspace: string): string | undefined {
  return file === undefined ? undefined : path.resolve(workspace, file)
}

function contextFolder(value: string, workspace: string): string {
  if (/^(https?|git|ssh):\/\/|^git@/.test(value))
    throw new UserError(
      `Input "context" is "${value}". Valid: a folder of the workspace. Check a repository out with actions/checkout first: what the key can't see, it can't vouch for.`,
    )
  const folder = path.resolve(workspace, value)
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(
      `Input "context" is "${value}", but ${folder} is not a folder. Check that actions/checkout ran before this step.`,
    )
  return folder
}

/**
 * Without the input, the platform that a build here would have anyway: written down, since the key must tell it
 * from another runner's.
 */
function platforms(given: string[], env: NodeJS.ProcessEnv): string[] {
  const architecture = { x64: 'amd64', arm64: 'arm64', arm: 'arm/v7', s390x: 's390x', ppc64: 'ppc64le' }[
    process.arch as string
  ]
  const list = given.length > 0 ? given : [env.DOCKER_DEFAULT_PLATFORM || `linux/${architecture ?? process.arch}`]
  for (const platform of list)
    if (!/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform))
      throw new UserError(
        `Input "platforms" has "${platform}". Valid: os/architecture, such as linux/amd64 or linux/arm64.`,
      )
  return [...new Set(list)]
}

function buildArguments(lines: string[], env: NodeJS.ProcessEnv): BuildArgument[] {
  const found = new Map<string, BuildArgument>()
  for (const line of lines) {
    const at = line.indexOf('=')
    const name = at < 0 ? line : line.slice(0, at).trim()
    if (!/^[A-Za-z_][A-Za-z0-9_.:-]*$/.test(name))
      throw new UserError(
        `Input "build-args" has "${line}". Valid: NAME=value a line, or NAME alone for the environment variable of that name.`,
      )
    if (at < 0 && /^(INPUT|BUILD_SECRET)_/.test(name))
      throw new UserError(
        `Input "build-args" has "${name}" without a value, but environment variables of that name are kept from the build, as they may hold secrets. Write ${name}=value.`,
      )
    found.set(name, { name, value: at < 0 ? env[name] : line.slice(at + 1), fromEnvironment: at < 0 })
  }
  return [...found.values()]
}

function sshEntries(lines: string[]): string[] {
  for (const line of lines)
    if (!/^[A-Za-z0-9_][\w.-]*(=\S.*)?$/.test(line))
      throw new UserError(
        `Input "ssh" has "${line}". Valid: default for the agent at SSH_AUTH_SOCK, or ID=path of an agent's socket or of a key, one a line.`,
      )
  return lines
}

function buildContexts(pairs: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(pairs))
    if (!value)
      throw new UserError(
        `Input "build-contexts" has "${name}=". Valid: NAME=folder, NAME=docker-image://… or NAME=oci-layout://…`,
      )
  return pairs
}

function caches(input: string, lines: string[]): string[] {
  return lines
    .filter((line) => line !== 'none')
    .map((line) => {
      if (line === 'gha') return 'type=gha'
      if (/(^|,)type=[a-z0-9]+(,|$)/.test(line) || /^[^\s=,]+$/.test(line)) return line
      throw new UserError(
        `Input "${input}" has "${line}". Valid: none, gha, or an entry as docker buildx build takes it, such as type=gha,mode=max or type=registry,ref=….`,
      )
    })
}

function labels(pairs: Record<string, string>): Record<string, string> {
  const reserved = Object.values(LABELS).find((label) => label in pairs)
  if (reserved)
    throw new UserError(
      `Input "labels" sets ${reserved}. This label is the image's statement of its schema and comes from migrations-path alone.`,
    )
  return pairs
}

function provenance(value: 'false' | 'true' | 'min' | 'max'): 'false' | 'min' | 'max' {
  return value === 'true' ? 'min' : value
}

function outputFolder(folder: string | undefined): string | undefined {
  if (folder && statSync(folder, { throwIfNoEntry: false }))
    throw new UserError(
      `Input "output" is "${folder}", which exists. Valid: a folder that is not there yet; layouts are not mixed.`,
    )
  return folder
}
