import { warnOfExpiry } from '../src/index.ts'

const now = new Date('2026-11-01T08:00:00Z')
const clock = { now: () => now, sleep: async () => {} }

async function warnings(credentials: () => Promise<{ expiration?: Date }>): Promise<string[]> {
  const said: string[] = []
  const log = { warning: (message: string) => void said.push(message) }
  await warnOfExpiry({ config: { credentials } }, { timeoutMs: 1_800_000, clock, log: log as never })
  return said
}

test.each([
  ['end before the timeout', async () => ({ expiration: new Date('2026-11-01T08:20:00Z') }), ['20m']],
  ['ended already', async () => ({ expiration: new Date('2026-11-01T07:00:00Z') }), ['0s']],
  ['last long enough', async () => ({ expiration: new Date('2026-11-01T08:30:00Z') }), []],
  ['do not say when they end', async () => ({}), []],
  ['are missing, which the first call reports', () => Promise.reject(new Error('no credentials')), []],
])('credentials that %s', async (_, credentials, expected) => {
  const said = await warnings(credentials)
  expect(said.map((text) => text.match(/end in (\w+), before the timeout of 30m/)?.[1])).toEqual(expected)
})
