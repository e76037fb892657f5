import { messageOf } from '@deploy-actions/action-kit'
import { type StartedDeployment, stopDeployment } from '@deploy-actions/ecs'
import { decisionText, type Overruled, overruled, readRecord, runName } from '@deploy-actions/release'
import { undoRight } from './ask-undo.ts'
import type { Deps } from './deps.ts'
import { knownImages } from './gate.ts'
import type { Inputs } from './inputs.ts'
import type { Wanted } from './revision/types.ts'

/** ECS lists a deployment up to half a minute late. */
const patienceMs = 60_000

/**
 * One last look at the record after UpdateService was answered, which throttling can hold up for minutes: a release
 * that was frozen, marked bad or overruled meanwhile is stopped and rolled back by ECS, where the gate allows it.
 * Returns why it is not wanted and what was done; undefined when it is. A record that cannot be read changes nothing.
 */
export async function stopUnwanted(
  inputs: Inputs,
  wanted: Wanted[],
  started: StartedDeployment[],
  deps: Deps,
): Promise<string | undefined> {
  const { release } = inputs
  const { github, clock, log } = deps
  if (!release || deps.cancelled.aborted) return undefined
  try {
    const record = await readRecord(await deps.clients.ssm(), release)
    const found = overruled(
      {
        state: record?.state,
        images: knownImages(wanted),
        commit: github.sha || undefined,
        run: runName(github),
        now: clock.now(),
      },
      'updated',
    )
    if (!record || !found) return undefined
    log.error(whyText(found))
    const right = await undoRight(inputs, wanted, record.state, deps)
    if (!right.allowed)
      return `${whyText(found)} It goes on all the same, because the guard forbids to go back: ${right.why}`
    const texts = await Promise.all(started.filter(({ created }) => created).map((one) => stop(one, deps)))
    return [whyText(found), ...texts].join(' ')
  } catch (error) {
    log.warning(`Whether releases were frozen while the update was sent was not looked up. ${messageOf(error)}`)
    return undefined
  }
}

function whyText({ because, decision }: Overruled): string {
  const what = {
    frozen: 'Releases were frozen',
    bad: 'The image was marked bad',
    overruled: 'An operator went back',
  }[because]
  return `${what}${decisionText(decision)} while ECS was asked for this deployment, so it is taken back.`
}

async function stop(started: StartedDeployment, deps: Deps): Promise<string> {
  try {
    const { text } = await stopDeployment(deps.clients.lastingEcs(), started, { patienceMs, clock: deps.clock })
    return text
  } catch (error) {
    return `${started.service}: the deployment could not be stopped and goes on: ${messageOf(error)} Run rollback again.`
  }
}
