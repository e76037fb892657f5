import { createHash } from 'node:crypto'

/**
 * A repository of one registry. Without `registryId` it is the registry of the account that the credentials belong
 * to.
 */
export interface EcrRepository {
  name: string
  registryId?: string | undefined
}

/**
 * Whether `text` is a digest that ECR takes: `sha256:` and 64 hex digits in lower case (ECR API: ImageIdentifier).
 */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

/**
 * Whether `text` is a tag: up to 128 of `A-Z a-z 0-9 _ . -`, not starting with `.` or `-` (OCI distribution
 * specification, pulling manifests).
 */
export function isTag(text: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/.test(text)
}

/**
 * Whether `text` is a repository name: 2 to 256 characters, lower case, parts joined by one of `/ . _ -` (ECR API:
 * CreateRepository).
 */
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

/**
 * The registry's host name for `docker pull` and task definitions (ECR user guide: private registry
 * authentication).
 */
export function registryHost(registryId: string, region: string): string {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return `${registryId}.dkr.ecr.${region}.${suffix}`
}

/**
 * Account and region of an ECR registry's host, undefined for other hosts (ECR user guide: IPv4, dual-stack and
 * FIPS endpoints).
 */
export function ecrRegistryOf(host: string): { registryId: string; region: string } | undefined {
  const [, registryId, ipv4, dualStack] =
    host.match(
      /^(\d{12})\.dkr(?:\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|-ecr(?:-fips)?\.([a-z0-9-]+)\.on\.aws)$/,
    ) ?? []
  const region = ipv4 ?? dualStack
  return registryId && region ? { registryId, region } : undefined
}

/** An image as a task definition or an input names it, parsed once. */
export type ImageRef = EcrImageRef | ForeignImageRef

interface ImageParts {
  repository: string
  tag: string | undefined
  digest: string | undefined
}

export interface EcrImageRef extends ImageParts {
  kind: 'ecr'
  /** As it was written: a network with IPv6 only needs the dual-stack host. */
  host: string
  registryId: string
  region: string
}

/** An image of another registry; without a host it is Docker Hub's short form. */
export interface ForeignImageRef extends ImageParts {
  kind: 'foreign'
  host: string | undefined
}

/** Longer than any reference that a registry takes: host, 256 of repository, 128 of tag, 71 of digest. */
const longestReference = 1024

/**
 * Parses `[host/]repository[:tag][@digest]` (OCI distribution specification; docker's rule tells a host from a
 * repository's first part).
 * Undefined when the text is no such reference, as `https://…`, upper case in the repository, blanks, two tags.
 */
export function parseImageRef(text: string): ImageRef | undefined {
  const [rest = '', digest, ...more] = text.length > longestReference ? [] : text.split('@')
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) return undefined
  const first = rest.slice(0, Math.max(rest.indexOf('/'), 0))
  const host = /[.:]|^localhost$/.test(first) ? first : undefined
  const [repository = '', tag, ...tags] = rest.slice(host === undefined ? 0 : host.length + 1).split(':')
  if (tags.length > 0 || (tag !== undefined && !isTag(tag))) return undefined
  const parts = { repository, tag, digest }
  const registry = host === undefined ? undefined : ecrRegistryOf(host)
  if (host !== undefined && registry)
    return isRepositoryName(repository) ? { kind: 'ecr', host, ...registry, ...parts } : undefined
  return isForeignRepository(repository) && (host === undefined || isHost(host))
    ? { kind: 'foreign', host, ...parts }
    : undefined
}

/** An image in ECR, on the registry's usual host. */
export function ecrImage({
  registryId,
  region,
  repository,
  tag,
  digest,
}: Pick<EcrImageRef, 'registryId' | 'region' | 'repository'> & Partial<ImageParts>): EcrImageRef {
  return { kind: 'ecr', host: registryHost(registryId, region), registryId, region, repository, tag, digest }
}

/** The reference as a container definition takes it; `parseImageRef` gives the same parts again. */
export function imageText({ host, repository, tag, digest }: ImageRef): string {
  return `${host ? `${host}/` : ''}${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`
}

/** The image for a reader, without host: `shop/api@abcdef123456`, or `shop/api:v1` where it is not pinned. */
export function imageName({ repository, tag = 'latest', digest }: ImageRef): string {
  return digest ? `${repository}@${shortDigest(digest)}` : `${repository}:${tag}`
}

/** The same image by digest alone, whatever its tag names later. */
export function pinned<Ref extends ImageRef>(ref: Ref, digest: string): Ref {
  return { ...ref, tag: undefined, digest }
}

/** The repository as ECR's API takes it. */
export function repositoryOf({ repository, registryId }: EcrImageRef): EcrRepository {
  return { name: repository, registryId }
}

/** Other registries take more than ECR: `my--app`, `a__b`, a single letter. */
function isForeignRepository(text: string): boolean {
  return text.length <= 256 && text.split('/').every((part) => /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/.test(part))
}

function isHost(text: string): boolean {
  return /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d{1,5})?$/.test(text)
}
