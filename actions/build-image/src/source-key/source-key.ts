import { createHash } from 'node:crypto'
import type { Inputs } from '../inputs.ts'
import { hashContext, hashWholeFolder } from './build-context.ts'
import { readDockerfile } from './builder-files.ts'
import { type NamedContextKey, namedContextKey } from './named-contexts.ts'
import { normalPlatform } from './platform.ts'
import { type Runner, type Surroundings, surroundings } from './surroundings.ts'

/** Raised when a change of ours makes the same inputs build another image, or the same image have another key. */
const format = 2

export interface SourceKey {
  /** 40 hex digits. */
  key: string
  /** The Dockerfile as it was found. */
  dockerfile: string
  files: number
  bytes: number
  /** Patterns of ignore files that count as if they were not there. */
  unclear: string[]
  /** Named contexts that the key can't see into. */
  drifting: NamedContextKey[]
  /** Git's own folders among what is sent, and the ignore files that should name them. */
  gitFolders: { folder: string; ignoreFile: string }[]
  /** What of this runner is in the key. */
  surroundings: Surroundings
}

/**
 * The hash of exactly what a build would receive: the context as its ignore file leaves it, the Dockerfile, named
 * contexts, everything that reaches the builder as an option or from the runner, and always the migrations. Two
 * builds with one key get the same things; what they fetch themselves (base images by tag, packages) may differ in
 * time, which `max-age` bounds. Throws a UserError for files that are missing or can't be read.
 */
export async function sourceKey(inputs: Inputs, runner: Runner): Promise<SourceKey> {
  const dockerfile = readDockerfile(inputs.context, inputs.dockerfile)
  const context = await hashContext(inputs.context, dockerfile.file)
  const named: NamedContextKey[] = []
  for (const [name, value] of Object.entries(inputs.buildContexts))
    named.push(await namedContextKey(name, value, inputs.workspace))
  const around = await surroundings(inputs, dockerfile, runner)

  const parts = {
    format,
    context: context.hash,
    dockerfile: createHash('sha256').update(dockerfile.bytes).digest('hex'),
    contexts: named.map(({ name, kind, content }) => [name, kind, content]).sort(byText),
    target: inputs.target ?? '',
    platforms: [...new Set(inputs.platforms.map(normalPlatform))].sort(),
    buildArgs: inputs.buildArgs.map(({ name, value }) => [name, value ?? null]).sort(byText),
    secrets: inputs.secrets.map(({ id }) => id).sort(),
    ssh: inputs.ssh.map((entry) => entry.replace(/=.*/s, '')).sort(),
    labels: Object.entries(inputs.labels)
      .filter(([name]) => !variesByCommit(name))
      .sort(byText),
    provenance: inputs.provenance,
    sbom: inputs.sbom,
    migrations: inputs.migrationsPath ? (await hashWholeFolder(inputs.migrationsPath)).hash : '',
    ...around,
  }
  const trees = [context, ...named.flatMap(({ tree }) => tree ?? [])]
  return {
    key: createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40),
    dockerfile: dockerfile.file,
    files: context.files,
    bytes: context.bytes,
    unclear: trees.flatMap(({ unclear }) => unclear),
    drifting: named.filter(({ drifts }) => drifts),
    gitFolders: trees.flatMap(({ gitFolders, ignoreFile }) => gitFolders.map((folder) => ({ folder, ignoreFile }))),
    surroundings: around,
  }
}

/** Labels that say which run built the image. In the key they would make every commit another source. */
export function variesByCommit(label: string): boolean {
  return /^org\.opencontainers\.image\.(revision|created|version)$/.test(label)
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
