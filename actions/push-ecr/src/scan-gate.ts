import { formatDuration } from '@deploy-actions/action-kit'
import {
  type EcrRepository,
  findingsOf,
  isAttestation,
  type Manifest,
  platformText,
  type ScanReport,
  startScan,
} from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import type { ScanInputs } from './inputs.ts'
import { severities } from './inputs.ts'

export interface GateResult {
  scans: ScannedImage[]
  /** Why the step is red. */
  failure?: string
}

export interface ScannedImage {
  digest: string
  platform: string | undefined
  report: ScanReport
}

const pollMs = 5_000
/** ECR begins a scan on push within seconds; a repository without one never will. */
const beginMs = 90_000

/**
 * Waits for ECR's findings on the image, or on each platform's image of an index, which has none of its own. Basic
 * scanning ends in COMPLETE, enhanced scanning stays ACTIVE (ECR API: DescribeImageScanFindings). What can't be
 * scanned is said, and fails only where asked.
 */
export async function scanGate(
  scan: ScanInputs,
  repository: EcrRepository,
  image: Manifest,
  deps: Deps,
): Promise<GateResult> {
  const targets =
    image.manifests.length > 0
      ? image.manifests.filter((child) => !isAttestation(child))
      : [{ digest: image.digest, platform: undefined }]
  deps.log.info(`Waiting up to ${formatDuration(scan.timeoutMs)} for ECR's scan.`)
  const scans = await Promise.all(
    targets.map(async ({ digest, platform }) => ({
      digest,
      platform: platformText(platform),
      report: await waitForFindings(scan, repository, digest, deps),
    })),
  )
  const failure = scans.map((scanned) => verdict(scan, scanned, deps)).find((text) => text !== undefined)
  return { scans, ...(failure && { failure }) }
}

async function waitForFindings(
  scan: ScanInputs,
  repository: EcrRepository,
  digest: string,
  { ecr, clock, cancelled }: Deps,
): Promise<ScanReport> {
  const started = clock.now().getTime()
  for (let asked = false; ; ) {
    const report = await findingsOf(ecr, repository, digest)
    if (report.state !== 'waiting' && report.state !== 'absent') return report
    if (report.state === 'absent' && scan.mode === 'start' && !asked) {
      asked = true
      const refused = await startScan(ecr, repository, digest)
      if (refused) return refused
    }
    const waited = clock.now().getTime() - started
    if (report.state === 'absent' && waited >= Math.min(beginMs, scan.timeoutMs)) return report
    if (waited >= scan.timeoutMs) return report
    await clock.sleep(Math.min(pollMs, scan.timeoutMs - waited), cancelled)
    cancelled.throwIfAborted()
  }
}

/** The reason for which this image makes the step fail, if it does. */
function verdict(scan: ScanInputs, { digest, platform, report }: ScannedImage, { log }: Deps): string | undefined {
  const name = platform ? `${digest} (${platform})` : digest
  const kept = 'The image is in ECR with its tags; do not deploy it.'
  switch (report.state) {
    case 'waiting':
      return `ECR's scan of ${name} did not end within ${formatDuration(scan.timeoutMs)} (status ${report.status}). ${kept} Raise "scan-timeout", or look at the scan in the console.`
    case 'absent':
      return `ECR has not begun to scan ${name}. Turn on scan on push for the repository (or enhanced scanning for the registry), or set "scan: start". ${kept}`
    case 'failed':
      return `ECR's scan of ${name} failed: ${report.description || report.status}. ${kept} Run the step again, or set "scan: none".`
    case 'unsupported': {
      const text = `ECR can't scan ${name} (${report.status}): ${report.description || 'no reason given'}.`
      if (scan.onUnsupported === 'fail') return `${text} Input "on-unsupported" is "fail". ${kept}`
      log.warning(text, 'Not scanned')
      return undefined
    }
    case 'done': {
      if (scan.failOn === 'none') return undefined
      const grave = severities.slice(0, severities.indexOf(scan.failOn) + 1)
      const counts = grave.map((severity) => [severity, report.counts[severity.toUpperCase()] ?? 0] as const)
      const found = counts.filter(([, count]) => count > 0)
      if (found.length === 0) return undefined
      const list = found.map(([severity, count]) => `${count} ${severity}`).join(', ')
      return `ECR's scan of ${name} found ${list}, and "fail-on-severity" is "${scan.failOn}". ${kept} The findings are in the job summary.`
    }
  }
}
