import { pageOf } from '../paging.ts'
import { indexTypes } from '../registry/manifest.ts'
import type { Repository, StoredManifest } from '../registry/store.ts'
import type { EcrDeviations } from '../scenario.ts'
import { AwsFailure } from '../world.ts'
import { type ImageId, imageOf } from './images.ts'
import type { EcrRegistry, Finding, ImageState } from './registries.ts'

/** Begins the scan that a push sets off. */
export function scanOnPush(registry: EcrRegistry, repository: Repository, manifest: StoredManifest): void {
  const state = registry.imageOf(repository.manifests.get(manifest.digest) ?? manifest)
  if (registry.settingsOf(repository).scanOnPush) state.scan ??= { startedAt: registry.core.now() }
}

const unsupported = (manifest: StoredManifest) =>
  indexTypes.includes(manifest.mediaType)
    ? `An artifact with media type '${manifest.mediaType}' cannot be scanned`
    : undefined

/** ECR API: StartImageScan: basic scanning, once in 24 hours. */
export function startScan(registry: EcrRegistry, repository: Repository, imageId: ImageId): unknown {
  const manifest = imageOf(registry, repository, imageId)
  const state = registry.imageOf(manifest)
  if (state.status !== 'ACTIVE') {
    throw new AwsFailure('ImageArchivedException', 'The specified image is archived and cannot be scanned.')
  }
  const refused = unsupported(manifest)
  if (refused) throw new AwsFailure('UnsupportedImageTypeException', refused)
  const now = registry.core.now()
  if (state.scan && now.getTime() - state.scan.startedAt.getTime() < 86_400_000) {
    throw new AwsFailure('LimitExceededException', 'The scan quota per image has been exceeded. Wait and try again.')
  }
  state.scan = { ...state.scan, startedAt: now }
  return {
    registryId: registry.accountId,
    repositoryName: repository.name,
    imageId: { imageDigest: manifest.digest, imageTag: imageId.imageTag },
    imageScanStatus: { status: 'IN_PROGRESS' },
  }
}

interface FindingsInput {
  imageId: ImageId
  nextToken?: string
  maxResults?: number
}

/**
 * ECR API: DescribeImageScanFindings. Basic scans end in COMPLETE, enhanced ones stay ACTIVE; right after a push
 * there is no scan yet. What a scan finds, and another end than these, is set through the control endpoint.
 */
export function describeFindings(
  registry: EcrRegistry,
  repository: Repository,
  input: FindingsInput,
  deviations: EcrDeviations,
): unknown {
  const manifest = imageOf(registry, repository, input.imageId)
  const state = registry.imageOf(manifest)
  const scan = state.scan
  const age = scan ? (registry.core.now().getTime() - scan.startedAt.getTime()) / 1000 : 0
  const appears = deviations.scanAppearsAfter ?? 2
  if (!scan || (age < appears && scan.status === undefined)) {
    throw new AwsFailure(
      'ScanNotFoundException',
      `Image scan does not exist for the image with '{imageDigest:'${manifest.digest}', imageTag:'${input.imageId.imageTag ?? null}'}' in the repository with name '${repository.name}' in the registry with id '${registry.accountId}'`,
    )
  }
  const ended = age >= appears + (deviations.scanTakes ?? 10)
  const status = statusOf(manifest, state, ended)
  const findings = status.status === 'COMPLETE' || status.status === 'ACTIVE' ? (scan.findings ?? []) : []
  const { items, nextToken } = pageOf(findings, input.nextToken, input.maxResults ?? 100, 'InvalidParameterException')
  const complete = status.status === 'COMPLETE' || status.status === 'ACTIVE'
  return {
    registryId: registry.accountId,
    repositoryName: repository.name,
    imageId: { imageDigest: manifest.digest, imageTag: input.imageId.imageTag },
    imageScanStatus: status,
    imageScanFindings: complete
      ? {
          imageScanCompletedAt: scan.startedAt,
          vulnerabilitySourceUpdatedAt: scan.startedAt,
          findingSeverityCounts: severityCounts(findings),
          ...(scan.enhanced ? { enhancedFindings: items.map(enhanced) } : { findings: items.map(basic) }),
        }
      : undefined,
    nextToken,
  }
}

function statusOf(
  manifest: StoredManifest,
  state: ImageState,
  ended: boolean,
): { status: string; description?: string } {
  const { status, description, enhanced: continuous } = state.scan!
  if (state.status === 'ARCHIVED') return { status: 'IMAGE_ARCHIVED', description: 'The image is archived.' }
  if (status) return { status, description: description ?? `The scan is ${status.toLowerCase().replaceAll('_', ' ')}.` }
  const refused = unsupported(manifest)
  if (refused) return { status: 'UNSUPPORTED_IMAGE', description: `UnsupportedImageError: ${refused}` }
  if (!ended) return { status: continuous ? 'PENDING' : 'IN_PROGRESS', description: 'The scan is in progress.' }
  return continuous
    ? { status: 'ACTIVE', description: 'Continuous scan is selected for image.' }
    : { status: 'COMPLETE', description: 'The scan was completed successfully.' }
}

function severityCounts(findings: Finding[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1
  return counts
}

const basic = (finding: Finding) => ({
  name: finding.name,
  description: finding.description,
  uri: finding.uri,
  severity: finding.severity,
  attributes: [
    { key: 'package_name', value: finding.package ?? 'unknown' },
    { key: 'package_version', value: finding.version ?? 'unknown' },
  ],
})

const enhanced = (finding: Finding) => ({
  title: finding.name,
  description: finding.description,
  severity: finding.severity,
  status: 'ACTIVE',
  type: 'PACKAGE_VULNERABILITY',
  packageVulnerabilityDetails: {
    vulnerabilityId: finding.name,
    sourceUrl: finding.uri,
    vulnerablePackages: [{ name: finding.package ?? 'unknown', version: finding.version ?? 'unknown' }],
  },
})
