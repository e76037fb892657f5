import type { RecordedCall } from '@deploy-actions/aws-simulator'
import { level, since, stage, withRecord } from '../test/stage.ts'

interface Figure {
  name: string
  value: number
  unit: string
  [detail: string]: unknown
}

/** Budget: UpdateService within 1.5 s of the process's start, after at most 6 calls, the freeze among them. */
export async function bench(report: (figure: Figure) => void): Promise<void> {
  const times: number[] = []
  let before: RecordedCall[] = []
  for (let round = 0; round < 5; round++) {
    const on = await stage()
    const releases = [on.release('bad', 4), on.release('good', 3)]
    await on.write({ schema: { level: level.two, digest: on.digests.good, since }, releases })
    const start = Date.now()
    const run = await on.run({ ...withRecord, priority: 'panic', timeout: '1s' })
    const calls = on.calls()
    const update = calls.findIndex(({ operation }) => operation === 'UpdateService')
    if (update < 0) throw new Error(`No UpdateService was sent:\n${run.log}`)
    times.push(calls[update]!.time.getTime() - start)
    before = calls.slice(0, update)
    await on[Symbol.asyncDispose]()
  }
  times.sort((a, b) => a - b)
  const name = 'panic rollback: process start to UpdateService'
  report({ name, value: times[2]!, unit: 'ms', worst: times.at(-1), budget: 1500 })
  const operations = before.map(({ operation }) => operation)
  report({
    name: 'panic rollback: calls before UpdateService',
    value: operations.length,
    unit: 'calls',
    operations,
    budget: 6,
  })
}
