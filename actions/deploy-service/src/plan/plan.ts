import { writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  type ActionResult,
  markdownInlineCode,
  markdownTable,
  markdownText,
  summaryHeading,
} from '@deploy-actions/action-kit'
import {
  describeDifference,
  equivalent,
  familyRevision,
  findEquivalentRevision,
  toRegisterInput,
} from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import { isForced } from '../revision/by-tag.ts'
import { wantedDefinitions } from '../revision/definitions.ts'
import { wantedImages } from '../revision/images.ts'
import { findServices } from '../revision/services.ts'
import type { Wanted } from '../revision/types.ts'
import { type SettingChange, settingChanges } from '../settings/changes.ts'
import { checkAll } from './checks/all.ts'
import type { Check } from './checks/types.ts'

interface Plan {
  wanted: Wanted
  settings: SettingChange[]
  /** What the service would run: a revision that is there, or a new one. */
  revision: string
  changes: boolean
}

/**
 * Shows what a deployment would change and whether it could succeed. Reads only. Red when a check finds that it
 * would fail; what the role may not look at is said and does not make it red.
 */
export async function plan(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const targets = await findServices(inputs, deps)
  const account = targets[0]?.service.serviceArn?.split(':')[4] ?? ''
  const images = await wantedImages(inputs, account, deps)
  const wanted = await wantedDefinitions(inputs, targets, images, deps)
  const plans: Plan[] = []
  for (const one of wanted) plans.push(await planOf(one, inputs, deps))
  const checks = await checkAll(inputs, wanted, deps)

  for (const line of planLines(plans)) deps.log.info(line)
  for (const { level, text } of checks) {
    if (level === 'ok') deps.log.info(`✓ ${text}`)
    else if (level === 'unknown') deps.log.info(`? ${text}`)
    else if (level === 'warning') deps.log.warning(text)
  }
  const markdown = planMarkdown(inputs, plans, checks)
  deps.summary.add(markdown)
  const file = path.join(deps.github.temp, `deploy-plan-${process.pid}.md`)
  writeFileSync(file, `${markdown}\n`)
  const problems = checks.filter(({ level }) => level === 'problem')
  const outputs = { changed: plans.some(({ changes }) => changes), 'plan-file': file }
  if (problems.length === 0) return { outputs }
  return {
    outputs,
    failure: `This deployment would not succeed:\n${problems.map(({ text }) => `- ${text}`).join('\n')}`,
  }
}

async function planOf(wanted: Wanted, inputs: Inputs, deps: Deps): Promise<Plan> {
  const settings = settingChanges(wanted.target.service, inputs.settings)
  const forced = isForced(inputs, wanted)
  if (wanted.changes.length === 0 && !wanted.inactive)
    return { wanted, settings, revision: familyRevision(wanted.target.runs), changes: forced || settings.length > 0 }
  const equal = await reusable(wanted, deps)
  return {
    wanted,
    settings,
    revision: equal ? familyRevision(equal) : `a new revision of ${wanted.definition.family}`,
    changes: true,
  }
}

async function reusable({ named, definition }: Wanted, deps: Deps): Promise<string | undefined> {
  const { status, taskDefinitionArn } = named?.taskDefinition ?? {}
  if (named && status === 'ACTIVE' && equivalent(toRegisterInput(named), definition)) return taskDefinitionArn
  return findEquivalentRevision(deps.clients.ecs, definition)
}

function planLines(plans: Plan[]): string[] {
  return plans.flatMap(({ wanted, settings, revision, changes }) => {
    const name = wanted.target.name
    if (!changes) return [`${name}: nothing would change, it runs ${revision}.`]
    const runs = familyRevision(wanted.target.runs)
    return [
      runs === revision ? `${name}: a new deployment of the same ${runs}.` : `${name}: ${runs} → ${revision}`,
      ...wanted.changes.map((change) => `  ${describeDifference(change)}`),
      ...settings.map(({ name: setting, before, after }) => `  ${setting}: ${before} → ${after}`),
    ]
  })
}

const marks: Record<Check['level'], string> = { problem: '❌', warning: '⚠️', unknown: '❔', ok: '✅' }

/** The worst first. */
const levels = Object.keys(marks) as Check['level'][]

function planMarkdown({ cluster }: Inputs, plans: Plan[], checks: Check[]): string {
  const worst = levels.find((level) => checks.some((check) => check.level === level)) ?? 'ok'
  const verdict =
    worst === 'problem' ? 'would not succeed' : plans.some(({ changes }) => changes) ? 'ready' : 'nothing to do'
  const sorted = levels.flatMap((level) => checks.filter((check) => check.level === level))
  return [
    summaryHeading(`Plan for \`${cluster}\``, verdict, marks[worst === 'unknown' ? 'ok' : worst]),
    markdownTable(['Service', 'Runs', 'Would run'], plans.map(planRow)),
    ...plans.flatMap(changeTable),
    ...(sorted.length > 0
      ? [
          markdownTable(
            ['Result', 'Check'],
            sorted.map(({ level, text }) => [marks[level], markdownText(text)]),
          ),
        ]
      : []),
  ].join('\n\n')
}

function planRow({ wanted: { target }, revision, changes }: Plan): string[] {
  const runs = familyRevision(target.runs)
  const then = !changes ? 'the same' : runs === revision ? `a new deployment of \`${runs}\`` : markdownText(revision)
  return [`\`${target.name}\``, `\`${runs}\``, then]
}

function changeTable({ wanted, settings, changes }: Plan): string[] {
  if (!changes) return []
  const rows = [
    ...wanted.changes.map(({ path, change, before, after }) => [
      markdownInlineCode(path),
      markdownInlineCode(before ?? ''),
      after === undefined ? change : markdownInlineCode(after),
    ]),
    ...settings.map((setting) => [setting.name, setting.before, setting.after].map(markdownInlineCode)),
  ]
  return rows.length > 0 ? [markdownTable([`Change of \`${wanted.target.name}\``, 'Now', 'Then'], rows)] : []
}
