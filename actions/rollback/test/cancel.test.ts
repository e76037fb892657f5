import type { NodeActionOptions } from '@deploy-actions/workflow-runner'
import { level, type Stage, since, withRecord, withStage } from './stage.ts'

const history = (on: Stage) => ({
  schema: { level: level.two, digest: on.digests.good, since },
  releases: [on.release('bad', 4), on.release('good', 3), on.release('old', 2)],
})
/** Cancels as soon as the log says it. */
const cancelAt = (text: string): Pick<NodeActionOptions, 'signal' | 'onLine'> => {
  const cancel = new AbortController()
  return { signal: cancel.signal, onLine: (line) => void (line.includes(text) && cancel.abort()) }
}
const slow = (on: Stage, service: string, operation: string) =>
  on.simulator.addFaults({ service, operation, effect: { kind: 'delay', milliseconds: 1500 } })

describe('a cancel', () => {
  test.concurrent.each(['high', 'panic'])('at the first call changes nothing, priority %s', (priority) =>
    withStage(async (on) => {
      await on.write(history(on))
      const before = await on.read()
      slow(on, 'ecs', 'DescribeServices')
      const run = await on.run({ ...withRecord, priority }, cancelAt('Taking web in production back'))
      expect(run.exitCode).toBe(1)
      expect(run.annotations.at(-1)?.message).toContain('Nothing was changed')
      expect(on.writes()).toEqual([])
      expect(await on.read()).toEqual(before)
    }),
  )

  test.concurrent('while the record is written leaves record and service as they were', () =>
    withStage(async (on) => {
      await on.write(history(on))
      slow(on, 'ssm', 'GetParameter')
      const run = await on.run({ ...withRecord }, cancelAt('Taking web in production back'))
      expect(run.annotations.at(-1)?.message).toContain('Nothing was changed')
      expect(on.writes()).toEqual([])
    }))

  test.concurrent('before the update says that releases are frozen and that the release still serves', () =>
    withStage(async (on) => {
      await on.write(history(on))
      slow(on, 'ecs', 'RegisterTaskDefinition')
      const run = await on.run(withRecord, cancelAt('Going back to'))
      expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'failed', 'task-definition': 'web:4' } })
      expect(run.annotations.at(-1)?.message).toMatch(
        /^The way back did not complete\.\nweb: [0-9a-f]{12} \(web:4\) still serves\.\nweb: The run was cancelled before/,
      )
      expect(run.log).toContain('Releases are frozen. To lift the freeze')
      expect(on.writes()).not.toContain('UpdateService')
      expect(await on.read()).toMatchObject({
        intent: { outcome: 'cancelled' },
        bad: [],
        freeze: { reason: 'incident 42' },
      })
    }))

  test.concurrent('after the update says what will serve, and the next rollback goes to the same release', () =>
    withStage(async (on) => {
      await on.write(history(on))
      const run = await on.run(withRecord, cancelAt('has begun'))
      expect(run.exitCode).toBe(1)
      expect(run.annotations.at(-1)?.message).toMatch(
        /\(web:4\) may still serve\. ECS goes on: when its deployment completes, web:5 serves\./,
      )
      expect((await on.read())?.intent).toMatchObject({ kind: 'rollback', digest: on.digests.good })
      expect((await on.read())?.intent).not.toHaveProperty('outcome')
      const next = await on.run(withRecord)
      expect(next.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
    }))
})
