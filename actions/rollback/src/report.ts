import { type Log, markdownDigests, markdownTable, markdownText, summaryHeading } from '@deploy-actions/action-kit'
import { shortDigest } from '@deploy-actions/ecr'
import { type DeploymentOutcome, familyRevision, type Verdict } from '@deploy-actions/ecs'
import { liftText, recordName } from '@deploy-actions/release'
import type { Choice } from './choose.ts'
import type { Deps } from './deps.ts'
import type { WayBack } from './go-back.ts'
import type { Inputs } from './inputs.ts'
import type { Going, Marks } from './record-way-back.ts'
import type { Situation } from './situation.ts'
import type { Target } from './target.ts'

/** What happened, from the first look to the verdict. */
export interface Story {
  inputs: Inputs
  situation: Situation
  choice: Going
  marks: Marks
  starts: WayBack[]
  outcomes: DeploymentOutcome[]
}

export function sayPlan(log: Log, inputs: Inputs, situation: Situation, choice: Story['choice']): void {
  const { underWay } = situation
  if (underWay)
    log.warning(
      `The release of ${underWay.digest ? shortDigest(underWay.digest) : underWay.run} is under way (${underWay.run}); it is overruled and will end as failed.`,
    )
  const { target } = choice
  const { commit, at } = { commit: target.commit, at: target.release?.at }
  const facts = [commit && `commit ${commit.slice(0, 7)}`, at && `released ${at}`].filter(Boolean).join(', ')
  log.info(`Going back to ${nameOf(target)}${facts ? ` (${facts})` : ''}: ${target.reason}.`)
  for (const warning of choice.warnings) log.warning(warning)
  if (inputs.priority === 'panic')
    for (const { way, present } of choice.moves)
      if (way === 'swap')
        log.warning(
          `${present.service}: no task definition of that release is known, so panic has to register one, as priority high does.`,
        )
}

export function sayRefused({ summary }: Deps, inputs: Inputs, { target, message }: Extract<Choice, { refused: true }>) {
  summary.add(
    [
      summaryHeading(`Rollback of ${whatOf(inputs)}`, 'refused'),
      markdownText(`To ${nameOf(target)}, ${target.reason}. Nothing was changed.`),
      markdownText(message),
    ].join('\n\n'),
  )
}

/** The story for the job summary. */
export function storyMarkdown(story: Story, verdict: Verdict, deps: Deps): string {
  const { inputs, choice, starts } = story
  const rows = starts.map((start) => [
    `\`${start.move.present.service}\``,
    nameOfPresent(start),
    start.move.digest ? `\`${shortDigest(start.move.digest)}\`` : '',
    'started' in start
      ? `\`${start.move.present.taskDefinition}\` → \`${familyRevision(start.started.taskDefinition)}\``
      : `not started: ${markdownText(start.error)}`,
  ])
  const facts = [
    `By ${deps.actor}${inputs.reason ? `: ${inputs.reason}` : ''}.`,
    `Target: ${choice.target.reason}${choice.target.commit ? ` (commit ${choice.target.commit.slice(0, 7)})` : ''}.`,
    `Priority ${inputs.priority}.`,
  ]
  const next = nextSteps(story, verdict).map((step) => `- ${markdownText(step)}`)
  const digests = starts
    .flatMap(({ move }) => [move.present.digest, move.digest])
    .filter((digest) => digest !== undefined)
  return [
    summaryHeading(`Rollback of ${whatOf(inputs)}`, verdict),
    markdownText(facts.join(' ')),
    markdownTable(['Service', 'From', 'To', 'Task definition'], rows),
    next.length > 0 ? `**Next**\n\n${next.join('\n')}` : '',
    markdownDigests(digests),
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** What is in force from now on, and what to do next. */
export function nextSteps(story: Story, verdict: Verdict): string[] {
  const { inputs, marks } = story
  const { record, freeze, priority } = inputs
  const again =
    verdict === 'completed'
      ? []
      : [
          `${stillServing(story).join(' ')} Go back to another release (to: a digest, a commit or family:revision), or push a fix.`,
        ]
  if (!record)
    return [
      ...again,
      'Nothing stops the next release from bringing the bad image back: no application was given, so nothing was frozen.',
    ]
  const steps = [...again]
  if (!marks.written)
    steps.push('The record was not written: releases are not frozen, and the bad image is not marked.')
  else {
    if (marks.bad.length > 0)
      steps.push(
        `${marks.bad.map(shortDigest).join(', ')} is marked bad and will not be released again.${verdict === 'completed' ? ' Push a fix.' : ''}`,
      )
    if (freeze) steps.push(`Releases are frozen. ${liftText(recordName(record))}`)
  }
  if (priority === 'panic' && verdict === 'completed')
    steps.push('The whole task definition went back, not only the image: check what else was changed since.')
  return steps
}

/** What serves after a way back that did not complete, service by service: the danger is to take it for one that did. */
export function stillServing({ starts, outcomes }: Story): string[] {
  return starts.flatMap((start) => {
    const { service, digest, taskDefinition } = start.move.present
    const before = digest ? `${shortDigest(digest)} (${taskDefinition})` : taskDefinition
    const verdict = 'started' in start && outcomes.find(({ started }) => started.service === service)?.verdict
    if (verdict === 'completed') return []
    const neverBegan = 'error' in start && !start.uncertain
    return neverBegan || verdict === 'rolled-back' || verdict === 'stopped'
      ? [`${service}: ${before} still serves.`]
      : [`${service}: ${before} may still serve.`]
  })
}

export function nameOf({ digest, services }: Target): string {
  if (digest) return shortDigest(digest)
  return services.map((service) => service.taskDefinition ?? shortDigest(service.digest ?? '')).join(', ')
}

function nameOfPresent({ move: { present } }: WayBack): string {
  return present.digest ? `\`${shortDigest(present.digest)}\`` : `\`${present.taskDefinition}\``
}

function whatOf({ record, cluster, services }: Inputs): string {
  return record ? `${record.application} in ${record.environment}` : `${services.join(', ')} in ${cluster}`
}
