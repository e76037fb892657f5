import {
  formatDuration,
  markdownDetails,
  markdownDigests,
  markdownInlineCode,
  markdownTable,
  type Summary,
  summaryHeading,
} from '@deploy-actions/action-kit'
import { formatBytes, shortDigest } from '@deploy-actions/ecr'
import type { BuildStep } from './docker/progress.ts'
import type { Inputs } from './inputs.ts'
import type { LayoutSummary } from './layout.ts'
import type { SourceKey } from './source-key/source-key.ts'

/** The job summary of a step that built nothing. */
export function reportReuse(summary: Summary, inputs: Inputs, tag: string, digest: string, ageMs: number | undefined) {
  summary.add(
    [
      summaryHeading(`Build of \`${inputs.repository.name}\``, 'unchanged'),
      `Nothing to build: ECR has the image of this source already: \`${tag}\`, digest \`${shortDigest(digest)}\`${ageMs === undefined ? '' : `, pushed ${formatDuration(ageMs)} ago`}.`,
      markdownDigests([digest]),
    ].join('\n\n'),
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
  summary.add(summaryHeading(`Build of \`${inputs.repository.name}\``, 'done'))
  summary.add(
    markdownTable(
      ['Tag', 'Digest', 'Platforms', 'Size', 'Context', 'Cache', 'Took'],
      [
        [
          `\`${tag}\``,
          `\`${shortDigest(image.digest)}\``,
          inputs.platforms.join(', '),
          `${formatBytes(image.bytes)} compressed, ${image.layers} ${image.layers === 1 ? 'layer' : 'layers'}`,
          `${source.files} ${source.files === 1 ? 'file' : 'files'}, ${formatBytes(source.bytes)}`,
          cacheUse(steps),
          formatDuration(durationMs),
        ],
      ],
    ),
  )
  summary.add(markdownDigests([image.digest]))
  const slow = steps.filter(({ seconds }) => seconds >= 1).sort((a, b) => b.seconds - a.seconds)
  if (slow.length > 0)
    summary.add(
      markdownDetails(
        'Steps that took longest',
        markdownTable(
          ['Step', 'Seconds'],
          slow.slice(0, 10).map(({ title, seconds }) => [markdownInlineCode(title), seconds.toFixed(1)]),
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
