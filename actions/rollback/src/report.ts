import { type Log, markdownDigests, markdownTable, markdownText, summaryHeading } from '@deploy-actions/action-kit'
import { shortDigest } from '@deploy-actions/ecr'
import { familyRevision, type Verdict } from '@deploy-actions/ecs'
import { liftText, recordName } from '@deploy-actions/release'
import { type Choice, isStraight } from './choose.ts'
import type { CurrentState } from './current-state.ts'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import { type ServiceEnd, type Story, verdictOf } from './story.ts'
import { nameOf, type Target } from './target.ts'

export function sayPlan(log: Log, inputs: Inputs, { underWay }: CurrentState, { target, warnings }: Choice): void {
  const { commit, release, services } = target
  if (underWay)
    log.warning(
      `The release of ${underWay.digest ? shortDigest(underWay.digest) : underWay.run} is under way (${underWay.run}); it is overruled and will end as failed.`,
    )
  const facts = [commit && `commit ${commit.slice(0, 7)}`, release && `released ${release.at}`].filter(Boolean)
  log.info(`Going back to ${nameOf(target)}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}: ${target.reason}.`)
  for (const warning of warnings) log.warning(warning)
  for (const service of inputs.priority === 'panic' ? services : [])
    if (!isStraight(service, inputs))
      log.warning(
        `${service.present.service}: no task definition of that release is known, so panic has to register one, as priority high does.`,
      )
}

/** The summary of a way back that the gate refuses. */
export function refusedMarkdown(inputs: Inputs, target: Target, refusal: string): string {
  return [
    summaryHeading(`Rollback of ${whatOf(inputs)}`, 'refused'),
    markdownText(`To ${nameOf(target)}, ${target.reason}. Nothing was changed.`),
    markdownText(refusal),
  ].join('\n\n')
}

/** The story for the job summary. */
export function storyMarkdown(story: Story, verdict: Verdict, deps: Deps): string {
  const { inputs, target, ends } = story
  const rows = ends.map((end) => [
    `\`${end.present.service}\``,
    `\`${end.present.digest ? shortDigest(end.present.digest) : end.present.taskDefinition}\``,
    end.digest ? `\`${shortDigest(end.digest)}\`` : '',
    end.started
      ? `\`${end.present.taskDefinition}\` → \`${revisionOf(end)}\``
      : `not started: ${markdownText(end.error ?? '')}`,
  ])
  const facts = [
    `By ${deps.actor}${inputs.reason ? `: ${inputs.reason}` : ''}.`,
    `Target: ${target.reason}${target.commit ? ` (commit ${target.commit.slice(0, 7)})` : ''}.`,
    `Priority ${inputs.priority}.`,
  ]
  const next = nextSteps(story, verdict).map((step) => `- ${markdownText(step)}`)
  const digests = ends.flatMap(({ present, digest }) => [present.digest ?? [], digest ?? []].flat())
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
  const isBack = verdict === 'completed'
  const steps = isBack
    ? []
    : [
        `${stillServing(story).join(' ')} Go back to another release (to: a digest, a commit or family:revision), or push a fix.`,
      ]
  if (!record)
    steps.push(
      'Nothing stops the next release from bringing the bad image back: no application was given, so nothing was frozen.',
    )
  else if (!marks.written)
    steps.push('The record was not written: releases are not frozen, and the bad image is not marked.')
  else {
    if (marks.bad.length > 0)
      steps.push(
        `${marks.bad.map(shortDigest).join(', ')} is marked bad and will not be released again.${isBack ? ' Push a fix.' : ''}`,
      )
    if (freeze) steps.push(`Releases are frozen. ${liftText(recordName(record))}`)
  }
  if (record && priority === 'panic' && isBack)
    steps.push('The whole task definition went back, not only the image: check what else was changed since.')
  return steps
}

/**
 * What serves after a way back that did not complete, service by service: the danger is to take it for one that
 * did.
 */
export function stillServing({ ends }: Story): string[] {
  return ends.flatMap((end) => {
    const { service, digest, taskDefinition } = end.present
    const before = `${service}: ${digest ? `${shortDigest(digest)} (${taskDefinition})` : taskDefinition}`
    const verdict = verdictOf(end)
    if (verdict === 'completed') return []
    const isOver = (end.error !== undefined && !end.uncertain) || verdict === 'rolled-back' || verdict === 'stopped'
    if (isOver) return [`${before} still serves.`]
    const goesOn = end.outcome?.interrupted
      ? ` ECS goes on: when its deployment completes, ${revisionOf(end)} serves.`
      : ''
    return [`${before} may still serve.${goesOn}`]
  })
}

/** What a service is on its way to, or stays on where nothing was started. */
export function revisionOf({ started, present }: ServiceEnd): string {
  return started ? familyRevision(started.taskDefinition) : present.taskDefinition
}

function whatOf({ record, cluster, services }: Inputs): string {
  return record ? `${record.application} in ${record.environment}` : `${services.join(', ')} in ${cluster}`
}
