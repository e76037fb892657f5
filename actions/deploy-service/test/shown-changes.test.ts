import type { Simulator } from '@deploy-actions/aws-simulator'
import { describeDifference } from '@deploy-actions/ecs'
import { shownChanges } from '../src/shown-changes.ts'
import { deploy, image, stage } from './stage.ts'

const shown = (path: string, before?: string, after?: string) =>
  shownChanges([{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }]).map(
    describeDifference,
  )

test.each(['API_KEY', 'github_token', 'DB_PASSWORD', 'DB_PASS', 'clientSecret', 'SENTRY_DSN', 'BASIC_AUTH'])(
  '%s is hidden',
  (name) => {
    expect(shown(`app.environment.${name}`, 'one', 'two')).toEqual([
      `app.environment.${name}: (hidden) → (another value, hidden)`,
    ])
    expect(shown(`app.environment.${name}`, undefined, 'two')).toEqual([`app.environment.${name}: added (hidden)`])
  },
)

test('a password within an address is hidden, whatever the name', () => {
  expect(shown('app.environment.DATABASE_URL', 'postgres://shop:one@db/shop', 'postgres://db/shop')[0]).not.toContain(
    'one',
  )
})

test('what is no secret is shown, references to secrets too', () => {
  expect(shown('app.environment.LOG_LEVEL', 'info', 'debug')).toEqual(['app.environment.LOG_LEVEL: info → debug'])
  expect(shown('app.secrets.API_KEY', '/shop/one', '/shop/two')).toEqual(['app.secrets.API_KEY: /shop/one → /shop/two'])
})

describe('through the bundle', () => {
  let simulator: Simulator
  afterEach(() => simulator.close())

  test('neither log, summary nor plan hold the values', async () => {
    simulator = await stage({ container: { environment: [{ name: 'API_KEY', value: 'old-value' }] } })
    const inputs = { image: image('b'), variables: 'API_KEY=new-value' }
    const plan = await deploy(simulator, { ...inputs, plan: 'true' })
    const run = await deploy(simulator, inputs)
    for (const text of [plan.log, plan.summary, run.log, run.summary]) expect(text).not.toMatch(/old-value|new-value/)
    expect(plan.summary).toContain('app.environment.API_KEY')
    expect(run.summary).toContain('app.environment.API_KEY')
  })
})
