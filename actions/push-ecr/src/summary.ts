import {
  formatDuration,
  markdownDetails,
  markdownDigests,
  markdownTable,
  markdownText,
  type Summary,
  summaryHeading,
} from '@deploy-actions/action-kit'
import { formatBytes, type PushResult, shortDigest, type TagChange } from '@deploy-actions/ecr'
import type { Inputs } from './inputs.ts'
import type { GateResult, ScannedImage } from './scan-gate.ts'

interface Story {
  inputs: Inputs
  digest: string
  changes: TagChange[]
  /** Undefined when nothing was pushed. */
  sent: PushResult | undefined
  gate: GateResult | undefined
  milliseconds: number
}

/** The step's part of the job summary. */
export function summarise(summary: Summary, { inputs, digest, changes, sent, gate, milliseconds }: Story): void {
  const { repository } = inputs
  summary.add(summaryHeading(`Push to \`${repository.name}\``, sent ? 'done' : 'unchanged'))
  const facts = {
    Digest: `\`${shortDigest(digest)}\``,
    Tags: changes.map(({ tag, changed }) => `\`${tag}\`${changed ? '' : ' (unchanged)'}`).join(', '),
    ...(sent?.platforms.length ? { Platforms: sent.platforms.join(', ') } : {}),
    Sent: sent ? sentText(sent) : 'nothing, ECR has it already',
    Took: formatDuration(milliseconds),
  }
  summary.add(markdownTable(Object.keys(facts), [Object.values(facts)]))
  if (sent) summary.add(markdownDetails(`${sent.blobs.length + sent.foreign.length} blobs`, blobTable(sent)))
  summary.add(markdownDigests([digest]))
  for (const scanned of gate?.scans ?? []) summary.add(scanText(scanned))
}

function sentText({ blobs, uploadedBytes, foreign }: PushResult): string {
  const number = (outcome: string) => blobs.filter((blob) => blob.outcome === outcome).length
  const parts = [
    `${number('uploaded')} blobs uploaded (${formatBytes(uploadedBytes)})`,
    `${number('present')} present`,
    `${number('mounted')} mounted`,
    ...(foreign.length > 0 ? [`${foreign.length} skipped (not distributable)`] : []),
  ]
  return parts.join(', ')
}

function blobTable({ blobs, foreign }: PushResult): string {
  const rows = blobs.map(({ descriptor, role, platform, outcome, milliseconds }) => [
    `\`${shortDigest(descriptor.digest)}\``,
    platform ? `${role} (${platform})` : role,
    formatBytes(descriptor.size),
    outcome,
    outcome === 'present' ? '' : `${(milliseconds / 1000).toFixed(1)} s`,
  ])
  const skipped = foreign.map(({ digest, size }) => [
    `\`${shortDigest(digest)}\``,
    'layer',
    formatBytes(size),
    'skipped',
    '',
  ])
  return markdownTable(['Blob', 'What', 'Size', 'Outcome', 'Took'], [...rows, ...skipped])
}

const shownFindings = 50
const order = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL']

function scanText({ digest, platform, report }: ScannedImage): string {
  const name = platform ?? shortDigest(digest)
  if (report.state !== 'done') return `**Scan of ${name}**: ${report.state === 'absent' ? 'none begun' : report.status}`
  const rank = (severity: string) => (order.includes(severity) ? order.indexOf(severity) : order.length)
  const counts = Object.entries(report.counts).sort(([a], [b]) => rank(a) - rank(b))
  const heading = `**Scan of ${name}**: ${counts.map(([severity, count]) => `${count} ${severity.toLowerCase()}`).join(', ') || 'no findings'}`
  if (report.findings.length === 0) return heading
  const sorted = [...report.findings].sort((a, b) => rank(a.severity) - rank(b.severity))
  const rows = sorted
    .slice(0, shownFindings)
    .map(({ severity, id, url, package: name, fixedIn }) => [
      severity.toLowerCase(),
      /^https?:\/\/[^\s()<>]+$/.test(url ?? '') ? `[${markdownText(id)}](${url})` : markdownText(id),
      markdownText(name),
      markdownText(fixedIn),
    ])
  const rest = sorted.length - rows.length
  return [
    heading,
    '',
    markdownTable(['Severity', 'Finding', 'Package', 'Fixed in'], rows),
    ...(rest > 0 ? ['', `and ${rest} more`] : []),
  ].join('\n')
}
