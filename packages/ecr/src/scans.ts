import {
  DescribeImageScanFindingsCommand,
  type DescribeImageScanFindingsCommandOutput,
  type ECRClient,
  StartImageScanCommand,
} from '@aws-sdk/client-ecr'
import { isAwsError } from '@deploy-actions/aws'
import type { EcrRepository } from './reference.ts'

export interface ScanFinding {
  severity: string
  /** `CVE-2026-12345` */
  id: string
  package: string
  fixedIn: string
  url: string | undefined
}

export type ScanReport =
  | { state: 'absent' }
  | { state: 'waiting' | 'failed' | 'unsupported'; status: string; description: string }
  | { state: 'done'; status: string; counts: Record<string, number>; findings: ScanFinding[] }

/** More than anyone reads in a summary; counts are complete whatever the length. */
const mostFindings = 1000

/** One look at an image's scan (ECR API: DescribeImageScanFindings). `absent` when none has begun. */
export async function findingsOf(ecr: ECRClient, repository: EcrRepository, digest: string): Promise<ScanReport> {
  const findings: ScanFinding[] = []
  let nextToken: string | undefined
  try {
    do {
      const page: DescribeImageScanFindingsCommandOutput = await ecr.send(
        new DescribeImageScanFindingsCommand({
          registryId: repository.registryId,
          repositoryName: repository.name,
          imageId: { imageDigest: digest },
          nextToken,
        }),
      )
      const status = page.imageScanStatus?.status ?? 'PENDING'
      const state = stateOf(status)
      if (state !== 'done') return { state, status, description: page.imageScanStatus?.description ?? '' }
      findings.push(...readFindings(page))
      nextToken = findings.length < mostFindings ? page.nextToken : undefined
      if (!nextToken) return { state, status, counts: page.imageScanFindings?.findingSeverityCounts ?? {}, findings }
    } while (nextToken)
  } catch (error) {
    if (!isAwsError(error, 'ScanNotFoundException')) throw error
  }
  return { state: 'absent' }
}

/**
 * Starts a basic scan. Returns a report only when ECR refuses for good; one scan a day is its limit, and then there
 * is one to wait for.
 */
export async function startScan(
  ecr: ECRClient,
  repository: EcrRepository,
  digest: string,
): Promise<ScanReport | undefined> {
  try {
    await ecr.send(
      new StartImageScanCommand({
        registryId: repository.registryId,
        repositoryName: repository.name,
        imageId: { imageDigest: digest },
      }),
    )
  } catch (error) {
    if (isAwsError(error, 'UnsupportedImageTypeException'))
      return { state: 'unsupported', status: 'UNSUPPORTED_IMAGE', description: error.message }
    // ValidationException: the registry has enhanced scanning, which starts by itself.
    if (!isAwsError(error, 'LimitExceededException', 'ValidationException')) throw error
  }
  return undefined
}

function stateOf(status: string): 'waiting' | 'failed' | 'unsupported' | 'done' {
  if (status === 'COMPLETE' || status === 'ACTIVE') return 'done'
  if (status === 'FAILED') return 'failed'
  return status === 'IN_PROGRESS' || status === 'PENDING' ? 'waiting' : 'unsupported'
}

/** Basic and enhanced scanning answer in different shapes. */
function readFindings({ imageScanFindings }: DescribeImageScanFindingsCommandOutput): ScanFinding[] {
  const basic = (imageScanFindings?.findings ?? []).map((finding) => {
    const attribute = (key: string) => finding.attributes?.find((entry) => entry.key === key)?.value ?? ''
    return {
      severity: finding.severity ?? 'UNDEFINED',
      id: finding.name ?? '',
      package: [attribute('package_name'), attribute('package_version')].filter(Boolean).join(' '),
      fixedIn: attribute('fixed_in_versions'),
      url: finding.uri,
    }
  })
  const enhanced = (imageScanFindings?.enhancedFindings ?? []).map((finding) => {
    const details = finding.packageVulnerabilityDetails
    const vulnerable = details?.vulnerablePackages ?? []
    return {
      severity: finding.severity ?? 'UNTRIAGED',
      id: details?.vulnerabilityId ?? finding.title ?? '',
      package: vulnerable.map(({ name, version }) => [name, version].filter(Boolean).join(' ')).join(', '),
      fixedIn: vulnerable.map(({ fixedInVersion }) => fixedInVersion).find(Boolean) ?? '',
      url: details?.sourceUrl,
    }
  })
  return [...basic, ...enhanced]
}
