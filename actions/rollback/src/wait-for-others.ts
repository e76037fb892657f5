import { randomUUID } from 'node:crypto'
import { formatDuration, UserError } from '@deploy-actions/action-kit'
import { describeDeployableServices, settleConflicts } from '@deploy-actions/ecs'
import { acquireLock, breakLockText, describeHolder, releaseLock } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/**
 * What only priority normal does: waits for the release under way, by its lock, and for whatever ECS still deploys.
 * Returns how to give the lock back.
 */
export async function waitForOthers(inputs: Inputs, deps: Deps): Promise<() => Promise<void>> {
  const unlock = await takeLock(inputs, deps)
  try {
    await waitForDeployments(inputs, deps)
    return unlock
  } catch (error) {
    await unlock()
    throw error
  }
}

async function takeLock({ record, timeoutMs }: Inputs, deps: Deps): Promise<() => Promise<void>> {
  if (!record) return async () => {}
  const token = randomUUID()
  const result = await acquireLock(deps, {
    ...record,
    holder: { token, run: deps.run, by: deps.actor, what: 'a rollback' },
    expiresMs: 2 * timeoutMs + 600_000,
    timeoutMs,
  })
  if (result.status === 'held') return async () => void (await releaseLock(deps.lastingSsm, deps.clock, record, token))
  if (result.status === 'cancelled') throw new UserError('Cancelled while waiting. Nothing was changed.')
  throw new UserError(
    `Waited ${formatDuration(result.waitedMs)} for the release under way: ${describeHolder(result.holder)} still holds the lock. Nothing was changed. With priority: high the rollback does not wait. ${breakLockText(record)}`,
  )
}

async function waitForDeployments({ cluster, services, timeoutMs }: Inputs, deps: Deps): Promise<void> {
  await settleConflicts(deps, await describeDeployableServices(deps.ecs, cluster, services), {
    cluster,
    onConflict: 'wait',
    timeoutMs,
    insteadOfWaiting: 'set priority: high, with which the rollback replaces it',
  })
}
