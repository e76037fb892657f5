import { formatDuration, markdownDetails, markdownTable, type Summary } from '@deploy-actions/action-kit'
import { formatBytes, shortDigest } from '@deploy-actions/ecr'
import type { BuildStep } from './docker/progress.ts'
import type { Inputs } from './inputs.ts'
import type { LayoutSummary } from './layout.ts'
import type { SourceKey } from './source-key/source-key.ts'

/** The job summary of a step that built nothing. */
export function reportReuse(summary: Summary, inputs: Inputs, tag: string, digest: string, ageMs: number | undefined) {
  summary.add(
    [
      `### ${inputs.repository.name}: nothing to build`,
      '',
      `ECR has the image of this source already: \`${tag}\`, digest \`${shortDigest(digest)}\`${ageMs === undefined ? '' : `, pushed ${formatDuration(ageMs)} ago`}.`,
    ].join('\n'),
  )
}

/** The job summary of a build: what came out, how long it took, and what the cache saved. */
export function reportBuild(
  summary: Summary,
  inputs: Inputs,
  tag: string,
  source: SourceKey,
  image: LayoutSummary,
  steps: BuildStep[],
  durationMs: number,
): void {
  const rows = [
    ['Tag', `\`${tag}\``],
    ['Digest', `\`${image.digest}\``],
    ['Size', `${formatBytes(image.bytes)} compressed, ${image.layers} ${image.layers === 1 ? 'layer' : 'layers'}`],
    ['Platforms', inputs.platforms.join(', ')],
    ['Duration', formatDuration(durationMs)],
    ['Cache', cacheUse(steps)],
    ['Context', `${source.files} ${source.files === 1 ? 'file' : 'files'}, ${formatBytes(source.bytes)}`],
  ]
  summary.add(`### ${inputs.repository.name}: built\n\n${markdownTable(['', ''], rows)}`)
  const slow = steps.filter(({ seconds }) => seconds >= 1).sort((a, b) => b.seconds - a.seconds)
  if (slow.length > 0)
    summary.add(
      markdownDetails(
        'Steps that took longest',
        markdownTable(
          ['Step', 'Seconds'],
          slow.slice(0, 10).map(({ title, seconds }) => [`\`${title.replaceAll('`', "'")}\``, seconds.toFixed(1)]),
        ),
      ),
    )
}

/** `3 of 7 steps from the cache`. */
export function cacheUse(steps: BuildStep[]): string {
  const counted = steps.filter(({ title }) => !/^\[[^\]]*\] FROM /.test(title))
  const cached = counted.filter(({ cached }) => cached).length
  return counted.length === 0 ? 'no steps' : `${cached} of ${counted.length} steps from the cache`
}
