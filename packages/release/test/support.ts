import { GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm'
import type { Clock, Log } from '@deploy-actions/action-kit'
import { type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { emptyState, type Intent, type RecordState, type Release, ssmClient } from '../src/index.ts'

/** A clock that a test moves: sleeping takes no time, but the time passes. */
export function testClock(start = '2026-11-01T08:00:00Z'): Clock & { advance(milliseconds: number): void } {
  let now = Date.parse(start)
  return {
    now: () => new Date(now),
    advance(milliseconds) {
      now += milliseconds
    },
    async sleep(milliseconds, signal) {
      // Others get their turn, as they do while a real step sleeps.
      await new Promise((resolve) => setImmediate(resolve))
      if (!signal?.aborted) now += milliseconds
    },
  }
}

export function collectedLog(): Log & { lines: string[] } {
  const lines: string[] = []
  const add = (level: string) => (message: string) => void lines.push(`${level}${message}`)
  return {
    lines,
    info: add(''),
    debug: add('debug: '),
    notice: add('notice: '),
    warning: add('warning: '),
    error: add('error: '),
    group: async (heading, body) => {
      lines.push(heading)
      return body()
    },
  }
}

/** A simulator, and a client that speaks to it over HTTP. */
export async function parameterStore(): Promise<{ simulator: Simulator; ssm: SSMClient }> {
  const simulator = await startSimulator()
  Object.assign(process.env, simulator.env)
  const ssm = ssmClient({ region: 'eu-central-1', log: collectedLog(), clock: testClock() })
  return { simulator, ssm }
}

export async function textOf(ssm: SSMClient, name: string): Promise<string> {
  return (await ssm.send(new GetParameterCommand({ Name: name }))).Parameter?.Value ?? ''
}

export async function put(ssm: SSMClient, name: string, value: string): Promise<void> {
  await ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: 'String', Overwrite: true }))
}

export const digest = (digit: string) => `sha256:${digit.repeat(64)}`

export function release(digit: string, more: Partial<Release> = {}): Release {
  return {
    number: Number.parseInt(digit, 16),
    digest: digest(digit),
    commit: digit.repeat(40),
    level: 'none',
    services: { web: `shop:${Number.parseInt(digit, 16)}` },
    at: `2026-10-0${Number.parseInt(digit, 16) % 9 || 9}T08:00:00.000Z`,
    run: `https://github.com/octo/shop/actions/runs/100${digit}`,
    ...more,
  }
}

export function intent(digit: string, more: Partial<Intent> = {}): Intent {
  return {
    kind: 'release',
    number: Number.parseInt(digit, 16),
    digest: digest(digit),
    level: 'none',
    target: {},
    services: {},
    since: '2026-10-01T08:00:00Z',
    run: `run ${digit}`,
    ...more,
  }
}

/** With the counter that such a history would have. */
export function stateWith(more: Partial<RecordState>): RecordState {
  const numbers = [...(more.releases ?? []), ...(more.intent ? [more.intent] : [])].map(({ number }) => number)
  return { ...emptyState, counter: Math.max(0, ...numbers), ...more }
}
