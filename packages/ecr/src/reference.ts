import { createHash } from 'node:crypto'

/** A repository of one registry. Without `registryId` it is the registry of the account that the credentials belong to. */
export interface EcrRepository {
  name: string
  registryId?: string | undefined
}

/** Whether `text` is a digest that ECR takes: `sha256:` and 64 hex digits in lower case (ECR API: ImageIdentifier). */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

/** Whether `text` is a tag: up to 128 of `A-Z a-z 0-9 _ . -`, not starting with `.` or `-` (OCI distribution specification, pulling manifests). */
export function isTag(text: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/.test(text)
}

/** Whether `text` is a repository name: 2 to 256 characters, lower case, parts joined by one of `/ . _ -` (ECR API: CreateRepository). */
export function isRepositoryName(text: string): boolean {
  return (
    text.length >= 2 &&
    text.length <= 256 &&
    /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(text)
  )
}

/** Whether `text` is a registry id, which is the account's twelve digits. */
export function isRegistryId(text: string): boolean {
  return /^\d{12}$/.test(text)
}

/** `sha256:…` of the bytes, as a registry computes it. A text counts as UTF-8. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** The first twelve digits of a digest, enough to tell images apart in a line of log. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}

/** The registry's host name for `docker pull` and task definitions (ECR user guide: private registry authentication). */
export function registryHost(registryId: string, region: string): string {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return `${registryId}.dkr.ecr.${region}.${suffix}`
}

/** The image's URI pinned by digest, as a container definition takes it. */
export function imageUri(registryId: string, region: string, repository: string, digest: string): string {
  return `${registryHost(registryId, region)}/${repository}@${digest}`
}

export interface ImageReference {
  host: string
  repository: string
  tag?: string
  digest?: string
}

/**
 * Splits `host/repository[:tag][@digest]`. Undefined when the text is not such a reference; a reference without a host (Docker Hub's short
 * form) is not one.
 */
export function parseImageReference(text: string): ImageReference | undefined {
  const [rest = '', digest, ...more] = text.split('@')
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) return undefined
  const slash = rest.indexOf('/')
  const host = rest.slice(0, Math.max(slash, 0))
  if (slash < 1 || !/^[a-zA-Z0-9.-]+(:\d+)?$/.test(host) || !/[.:]|^localhost$/.test(host)) return undefined
  const path = rest.slice(slash + 1)
  const colon = path.indexOf(':')
  const repository = colon === -1 ? path : path.slice(0, colon)
  const tag = colon === -1 ? undefined : path.slice(colon + 1)
  if (!isRepositoryName(repository) || (tag !== undefined && !isTag(tag))) return undefined
  return { host, repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) }
}
