import {
  formatDuration,
  markdownDetails,
  markdownDigests,
  markdownInlineCode,
  markdownTable,
  markdownText,
  messageOf,
  summaryHeading,
  verdictMark,
} from '@deploy-actions/action-kit'
import { imageName, shortDigest } from '@deploy-actions/ecr'
import { describeDifference, familyRevision, reportMarkdown } from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import type { Wanted } from '../revision/types.ts'
import { gantt } from './gantt.ts'
import type { StageTimes } from './lifecycle-stages.ts'
import { type Conclusion, overall } from './result.ts'

export interface Story extends Conclusion {
  inputs: Inputs
  wanted: Wanted[]
  begun: Date
  stages: StageTimes
  watchedFrom: Date
}

const ganttsAtMost = 10

/**
 * Writes the job summary: verdicts, what changed, who and from which commit, the course of each deployment, and the
 * evidence of failures.
 */
export async function summarise(story: Story, deps: Deps): Promise<void> {
  const { summary, github } = deps
  const { inputs, outcomes, refused } = story
  summary.add(summaryHeading(`Deployment to \`${inputs.cluster}\``, overall(outcomes, refused)))
  summary.add(overview(story))
  const by = [
    ...(inputs.release ? [`${inputs.release.application} in ${inputs.release.environment}`] : []),
    ...(github.sha ? [`commit \`${github.sha.slice(0, 7)}\``] : []),
    ...(github.actor ? [`by ${markdownText(github.actor)}`] : []),
    ...(inputs.url ? [`<${encodeURI(inputs.url)}>`] : []),
  ]
  summary.add(by.join(' · '))
  for (const line of story.together) summary.add(`> ${markdownText(line)}`)
  summary.add(changesText(story))
  for (const report of story.reports) summary.add(reportMarkdown(report))
  if (deps.cancelled.aborted) return
  for (const outcome of story.outcomes.slice(0, ganttsAtMost)) {
    if (!outcome.started.created) continue
    try {
      const chart = await gantt(outcome, story.stages.of(outcome.started.service), story.watchedFrom, deps)
      if (chart) summary.add(markdownDetails(`The course of <code>${outcome.started.service}</code>`, chart))
    } catch (error) {
      summary.add(`The course of \`${outcome.started.service}\` is not shown: ${markdownText(messageOf(error))}`)
    }
  }
}

function overview({ outcomes, refused, wanted, begun }: Story): string {
  const rows = outcomes.map(({ started, verdict, reason, endedAt }) => {
    const image = wanted.find(({ target }) => target.name === started.service)?.image
    const digest = image?.kind === 'one' ? image.image.digest : undefined
    const from = familyRevision(started.previousTaskDefinition)
    const to = familyRevision(started.taskDefinition)
    return [
      `\`${started.service}\``,
      `${verdictMark(verdict)} **${verdict}**`,
      from === to ? `\`${to}\`` : `\`${from}\` → \`${to}\``,
      digest ? `\`${shortDigest(digest)}\`` : image?.kind === 'one' ? `\`${imageName(image.image)}\`` : '',
      formatDuration(endedAt.getTime() - begun.getTime()),
      markdownText(reason),
    ]
  })
  for (const { name, message } of refused)
    rows.push([`\`${name}\``, `${verdictMark('refused')} **not updated**`, '', '', '', markdownText(message)])
  return [
    markdownTable(['Service', 'Verdict', 'Task definition', 'Image', 'After', 'What happened'], rows),
    markdownDigests(wanted.flatMap(({ image }) => (image?.kind === 'one' && image.image.digest) || [])),
  ].join('\n\n')
}

function changesText({ wanted }: Story): string {
  const changed = wanted.filter(({ changes }) => changes.length > 0)
  if (changed.length === 0) return 'No task definition changed.'
  const lines = changed.flatMap(({ target, changes }) => [
    `**${target.name}**`,
    '',
    ...changes.slice(0, 30).map((change) => `- ${markdownInlineCode(describeDifference(change))}`),
    ...(changes.length > 30 ? [`- and ${changes.length - 30} more`] : []),
    '',
  ])
  return markdownDetails('What changed', lines.join('\n'))
}
