import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Simulator } from '@deploy-actions/aws-simulator'
import fc from 'fast-check'
import { definition, deploy, stage } from './stage.ts'

let simulator: Simulator
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hidden-'))
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await simulator.close()
})

/** Everything of a container that can hold a secret, each a text of its own. */
const withSecrets = (next: () => string, parameter: string) =>
  definition(
    'web',
    {
      volumes: [{ name: 'data', host: {} }],
      ephemeralStorage: { sizeInGiB: 30 },
    },
    {
      command: ['node', `--password=${next()}`],
      entryPoint: ['sh', '-c', next()],
      environment: ['CONNECTION_STRING', 'CERT', 'WEBHOOK_URL', 'JWT', 'COOKIE', 'LOG_LEVEL'].map((name) => ({
        name,
        value: next(),
      })),
      secrets: [{ name: 'DATABASE_URL', valueFrom: parameter }],
      dockerLabels: { owner: next() },
      healthCheck: { command: ['CMD-SHELL', `curl -u user:${next()} localhost`] },
      logConfiguration: {
        logDriver: 'splunk',
        options: { 'splunk-token': next(), 'splunk-url': `https://${next()}.example.com` },
      },
      workingDirectory: `/${next()}`,
      user: next(),
      systemControls: [{ namespace: 'net.core.somaxconn', value: next() }],
    },
  )

test('a secret in any member never reaches log, summary, annotations, outputs or plan', async () => {
  const secret = fc.stringMatching(/^[a-z][a-z0-9]{15}$/)
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(secret), async (stream) => {
      const secrets: string[] = []
      const next = () => {
        secrets.push(stream.next().value)
        return secrets.at(-1)!
      }
      await simulator?.close()
      const [old, wanted] = [next(), next()]
      const parameters = [old, wanted].map((name) => ({ name, type: 'SecureString' as const, value: next() }))
      const { containerDefinitions, ...fields } = withSecrets(next, old)
      simulator = await stage({
        definition: fields,
        container: containerDefinitions[0]!,
        scenario: { seed: { parameters } },
      })
      writeFileSync(path.join(folder, 'task.json'), JSON.stringify(withSecrets(next, wanted)))
      const inputs = { 'task-definition': 'task.json', variables: `ADDED=${next()}` }
      const options = { workspace: folder, temp: folder }
      const plan = await deploy(simulator, { ...inputs, plan: 'true' }, options)
      const run = await deploy(simulator, inputs, options)

      expect(run.outputs.verdict).toBe('completed')
      const texts = [plan, run].flatMap(({ log, summary, annotations, outputs }) => [
        log,
        summary,
        JSON.stringify([annotations, outputs]),
      ])
      const shown = [...texts, readFileSync(plan.outputs['plan-file']!, 'utf8')].join('\n')
      expect(secrets.filter((one) => shown.includes(one))).toEqual([])
      for (const text of [plan.summary, run.summary])
        for (const name of ['app.environment.JWT', 'app.command', 'app.logConfiguration.options.splunk-token'])
          expect(text).toContain(name)
    }),
    { numRuns: 3 },
  )
})

test.each([
  ['a list where the API takes texts', { command: 'node --password=hunter2' }, /command is a text\. Valid: a list/],
  ['variables as one text', { environment: 'TOKEN=hunter2' }, /environment is a text\. Valid: a list/],
])('a file that is refused tells no value: %s', async (_, container, message) => {
  simulator = await stage()
  writeFileSync(path.join(folder, 'task.json'), JSON.stringify(definition('web', {}, container)))
  const run = await deploy(simulator, { 'task-definition': 'task.json' }, { workspace: folder })
  expect(run.annotations[0]?.message).toMatch(message)
  expect(run.log + run.summary).not.toContain('hunter2')
})

test('a secret where a reference belongs is not repeated by the plan', async () => {
  simulator = await stage()
  const secrets = [{ name: 'DATABASE_URL', valueFrom: 'hunter2' }]
  writeFileSync(path.join(folder, 'task.json'), JSON.stringify(definition('web', {}, { secrets })))
  const run = await deploy(simulator, { 'task-definition': 'task.json', plan: 'true' }, { workspace: folder })
  expect(run.annotations.at(-1)?.message).toContain('the one that DATABASE_URL names')
  expect(run.log + run.summary).not.toContain('hunter2')
})

test('what cannot be secret is shown, before and after', async () => {
  simulator = await stage()
  writeFileSync(
    path.join(folder, 'task.json'),
    JSON.stringify(definition('web', { memory: '1024' }, { portMappings: [{ containerPort: 3000 }], stopTimeout: 9 })),
  )
  const inputs = { 'task-definition': 'task.json', variables: 'LOG_LEVEL=debug', plan: 'true' }
  const { log } = await deploy(simulator, inputs, { workspace: folder })
  for (const line of [
    'memory: 512 → 1024',
    'app.portMappings: 8080/tcp → 3000/tcp',
    'app.stopTimeout: added 9',
    'app.environment.LOG_LEVEL: changed',
  ])
    expect(log).toContain(`  ${line}\n`)
})
