import { createHash } from 'node:crypto'
import type { Inputs } from '../inputs.ts'
import { hashContext, hashWholeFolder, readDockerfile } from './build-context.ts'
import { type NamedContextKey, namedContextKey } from './named-contexts.ts'

/** Raised when a change of ours makes the same inputs build another image. */
const format = 1

export interface SourceKey {
  /** 40 hex digits. */
  key: string
  /** The tag that carries it. */
  tag: string
  /** The Dockerfile as it was found. */
  dockerfile: string
  files: number
  bytes: number
  /** Patterns of the ignore file that count as if they were not there. */
  unclear: string[]
  /** Named contexts that the key can't see into. */
  drifting: NamedContextKey[]
}

/**
 * The hash of exactly what a build would receive: the context as its ignore file leaves it, the Dockerfile, named contexts, everything that reaches the builder
 * as an option, and always the migrations. Two builds with one key get the same things; what they fetch themselves (base images by tag, packages) may differ in
 * time, which `max-age` bounds. Throws a UserError for files that are missing or can't be read.
 */
export async function sourceKey(inputs: Inputs): Promise<SourceKey> {
  const dockerfile = await readDockerfile(inputs.context, inputs.dockerfile)
  const context = await hashContext(inputs.context, dockerfile.file)
  const named: NamedContextKey[] = []
  for (const [name, value] of Object.entries(inputs.buildContexts))
    named.push(await namedContextKey(name, value, inputs.workspace))

  const parts = {
    format,
    context: context.hash,
    dockerfile: createHash('sha256').update(dockerfile.bytes).digest('hex'),
    contexts: named.map(({ name, kind, content }) => [name, kind, content]).sort(byText),
    target: inputs.target ?? '',
    platforms: [...inputs.platforms].sort(),
    buildArgs: inputs.buildArgs.map(({ name, value }) => [name, value ?? null]).sort(byText),
    secrets: inputs.secrets.map(({ id }) => id).sort(),
    labels: Object.entries(inputs.labels)
      .filter(([name]) => !variesByCommit(name))
      .sort(byText),
    provenance: inputs.provenance,
    sbom: inputs.sbom,
    migrations: inputs.migrationsPath ? (await hashWholeFolder(inputs.migrationsPath)).hash : '',
  }
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)
  return {
    key,
    tag: `src-${key}`,
    dockerfile: dockerfile.file,
    files: context.files,
    bytes: context.bytes,
    unclear: context.unclear,
    drifting: named.filter(({ drifts }) => drifts),
  }
}

/** Labels that say which run built the image. In the key they would make every commit another source. */
export function variesByCommit(label: string): boolean {
  return /^org\.opencontainers\.image\.(revision|created|version|ref\.name)$/.test(label)
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
