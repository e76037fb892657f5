import type { DeploymentLifecycleHook, DeploymentLifecycleHookDetail } from '@aws-sdk/client-ecs'
import { matchesPattern } from '../../faults.ts'
import { newHookId } from '../names.ts'
import type { DeploymentState, Ecs } from '../types.ts'
import { fail } from './outcome.ts'
import { wakeAt } from './wake.ts'

/** From IN_PROGRESS to the next call. ECS guide: "Lambda hooks for Amazon ECS service deployments". */
const CALL_BACK_DELAY = 30
/** How long a Lambda function of this simulator takes to answer. */
const ANSWER_AFTER = 1

const failedText = (stage: string, why: string) =>
  `Service deployment rolled back because ${stage} lifecycle hook(s) failed. ${why}`

interface Run {
  ecs: Ecs
  deployment: DeploymentState
  stage: string
  hook: DeploymentLifecycleHook
  detail: DeploymentLifecycleHookDetail
  /** Called when the hook has let the deployment pass. */
  passed: () => void
}

const stillActive = ({ deployment, detail }: Run) =>
  deployment.status === 'PRIMARY' &&
  !deployment.halted &&
  (detail.status === 'AWAITING_ACTION' || detail.status === 'IN_PROGRESS')

const later = (run: Run, key: string, seconds: number, action: () => void) =>
  wakeAt(
    run.ecs,
    run.deployment.service,
    `${key} ${run.detail.hookId}`,
    run.ecs.world.clock.now().getTime() + seconds * 1000,
    () => stillActive(run) && action(),
  )

function pass(run: Run): void {
  run.detail.status = 'SUCCEEDED'
  run.passed()
}

function refuse(run: Run, status: 'FAILED' | 'TIMED_OUT', why: string): void {
  run.detail.status = status
  fail(run.ecs, run.deployment, 'hook', failedText(run.stage, why))
}

/** What the scenario's Lambda function answers at its n-th call. */
function lambdaAnswer(run: Run, call: number): 'SUCCEEDED' | 'FAILED' | 'IN_PROGRESS' {
  const script = run.ecs.options.lambdaHooks.find(
    ({ target = '*', stage = '*' }) =>
      matchesPattern(target, run.hook.hookTargetArn ?? '') && matchesPattern(stage, run.stage),
  )
  return script?.answers[Math.min(call, script.answers.length - 1)] ?? 'SUCCEEDED'
}

function callLambda(run: Run, call: number): void {
  later(run, 'lambda', call ? CALL_BACK_DELAY : ANSWER_AFTER, () => {
    const answer = lambdaAnswer(run, call)
    if (answer === 'SUCCEEDED') pass(run)
    else if (answer === 'IN_PROGRESS') callLambda(run, call + 1)
    else refuse(run, 'FAILED', `Lifecycle hook target ${run.hook.hookTargetArn} returned FAILED status.`)
  })
}

/**
 * Runs all hooks of a stage at once and calls `passed` when every one has let the deployment go on. A PAUSE hook
 * waits for ContinueServiceDeployment or its timeout. ECS guide: "Lifecycle hooks for Amazon ECS service
 * deployments".
 */
export function runHooks(ecs: Ecs, deployment: DeploymentState, stage: string, passed: () => void): void {
  const shown = deployment.serviceDeployment
  const hooks = (deployment.service.deploymentConfiguration.lifecycleHooks ?? []).filter(({ lifecycleStages }) =>
    lifecycleStages?.some((name) => name === stage),
  )
  if (!shown || hooks.length === 0) {
    passed()
    return
  }
  let open = hooks.length
  const done = () => {
    open--
    if (open === 0) passed()
  }
  for (const hook of hooks) {
    const pause = hook.targetType === 'PAUSE'
    const minutes = hook.timeoutConfiguration?.timeoutInMinutes ?? 1440
    const action = hook.timeoutConfiguration?.action ?? 'ROLLBACK'
    const detail: DeploymentLifecycleHookDetail = {
      hookId: newHookId(pause ? 'pause' : 'lambda'),
      targetType: pause ? 'PAUSE' : 'AWS_LAMBDA',
      targetArn: pause ? undefined : hook.hookTargetArn,
      status: pause ? 'AWAITING_ACTION' : 'IN_PROGRESS',
      expiresAt: new Date(ecs.world.clock.now().getTime() + minutes * 60_000),
      timeoutAction: action,
    }
    shown.hooks.push(detail)
    shown.updatedAt = ecs.world.clock.now()
    const run: Run = { ecs, deployment, stage, hook, detail, passed: done }
    deployment.pauses.set(detail.hookId ?? '', {
      proceed: () => pass(run),
      rollBack: () => refuse(run, 'FAILED', `Lifecycle hook ${detail.hookId} was rolled back by request.`),
    })
    later(run, 'timeout', minutes * 60, () => {
      if (action === 'ROLLBACK') refuse(run, 'TIMED_OUT', `Lifecycle hook ${detail.hookId} timed out.`)
      else {
        detail.status = 'TIMED_OUT'
        done()
      }
    })
    if (!pause) callLambda(run, 0)
  }
}
