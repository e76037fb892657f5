import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { behavioursFrom } from '../src/behaviours.ts'
import { type BehaviourRule, startSimulator } from '../src/index.ts'
import { rawCall } from './clients.ts'
import { http } from './http.ts'

const cli = path.join(import.meta.dirname, '..', 'src', 'cli.ts')
// Jest runs under its own module loader; the command line runs as its users run it.
const runCli = (args: string[], cwd?: string, env: NodeJS.ProcessEnv = process.env) =>
  spawn(process.execPath, [cli, ...args], { cwd, env: { ...env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'pipe'] })

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

describe('control endpoint', () => {
  test('shows calls and state, takes faults, behaviours, seeds and options', async () => {
    const simulator = await startSimulator({ clock: 'manual' })
    const control = async (method: string, what: string, body?: unknown) => {
      const answer = await http(method, `${simulator.url}/_simulator/${what}`, {
        body: body === undefined ? undefined : JSON.stringify(body),
      })
      return { status: answer.status, json: JSON.parse(answer.text) as never as Record<string, unknown> }
    }
    expect(
      (
        await control('POST', 'seed', {
          repositories: [{ name: 'app' }],
          parameters: [{ name: '/p', type: 'String', value: 'v' }],
        })
      ).status,
    ).toBe(200)
    await control('POST', 'faults', [
      { service: 'ssm', times: 1, effect: { kind: 'error', name: 'ThrottlingException' } },
    ])
    expect((await rawCall(simulator.url, 'ssm', 'AmazonSSM.GetParameter', '{"Name":"/p"}')).json().__type).toBe(
      'ThrottlingException',
    )
    expect((await rawCall(simulator.url, 'ssm', 'AmazonSSM.GetParameter', '{"Name":"/p"}')).status).toBe(200)
    expect((await control('GET', 'calls?since=1')).json).toMatchObject([{ operation: 'GetParameter', outcome: 'ok' }])
    expect((await control('GET', 'counts')).json).toEqual({ 'ssm:GetParameter': 2 })
    await control('POST', 'behaviours', [{ match: { family: 'web' }, behaviour: { exitCode: 3 } }])
    const task = { kind: 'service' as const, cluster: 'c', family: 'web', image: 'i', labels: {}, env: {}, command: [] }
    expect(simulator.world.behaviourFor(task)).toEqual({ exitCode: 3 })
    await control('POST', 'options', { ecs: { breakerLag: 1 } })
    expect(simulator.world.scenario.ecs).toEqual({ breakerLag: 1 })
    const [digest] = (await control('POST', 'images', [{ repository: 'app', tags: ['v1'], labels: { a: 'b' } }]))
      .json as never as string[]
    expect((await control('GET', 'state')).json).toMatchObject({
      services: { ecr: [{ name: 'app', tags: { v1: digest } }], ssm: [{ name: '/p', value: 'v' }] },
    })
    const before = simulator.world.clock.now().getTime()
    await control('POST', 'clock', { advance: 30 })
    expect(simulator.world.clock.now().getTime() - before).toBe(30_000)
    expect(await control('POST', 'nonsense')).toMatchObject({
      status: 404,
      json: { message: expect.stringContaining('POST /faults') },
    })
    expect(await control('POST', 'alarms', [{ name: 'none', state: 'OK' }])).toMatchObject({ status: 400 })
    await simulator.close()
  })
})

describe('behaviours', () => {
  const task = {
    kind: 'service' as const,
    cluster: 'staging',
    service: 'web',
    family: 'app',
    image: 'host/app@sha256:1',
    digest: 'sha256:1',
    labels: { 'io.example.crash': 'yes' },
    env: { MODE: 'slow start' },
    command: ['node', 'server.js'],
  }

  test.each([
    [{ family: 'app', service: 'web', cluster: 'staging', kind: 'service' }, true],
    [{ image: '*/app@*' }, true],
    [{ digest: 'sha256:2' }, false],
    [{ label: 'io.example.crash=yes' }, true],
    [{ label: 'io.example.crash=no' }, false],
    [{ label: 'io.example.crash' }, true],
    [{ env: 'MODE=slow*' }, true],
    [{ command: 'node *' }, true],
    [{ kind: 'run-task' }, false],
    [{ family: 'app', service: 'other' }, false],
  ] as [BehaviourRule['match'], boolean][])('%j matches: %s', (match, expected) => {
    const behaviour = behavioursFrom(() => [{ match, behaviour: { exitCode: 9 } }])
    expect(behaviour(task)).toEqual(expected ? { exitCode: 9 } : {})
  })

  test('a rule can be for the first tasks only, then the next rule decides', () => {
    const rules: BehaviourRule[] = [
      { match: { first: 2 }, behaviour: { exitCode: 1 } },
      { match: { service: 'web' }, behaviour: { exitCode: 2 } },
    ]
    const behaviour = behavioursFrom(() => rules)
    expect([1, 2, 3].map(() => behaviour(task).exitCode)).toEqual([1, 1, 2])
  })
})

describe('command line', () => {
  test('says when it listens, answers, and ends cleanly on SIGTERM with nothing left behind', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'simulator-cli-'))
    const scenario = path.join(directory, 'scenario.json')
    await writeFile(
      scenario,
      JSON.stringify({
        seed: {
          repositories: [{ name: 'app' }],
          images: [{ repository: 'app', tags: ['v1'] }],
          parameters: [{ name: '/p', type: 'String', value: 'from the file' }],
        },
      }),
    )
    const child = runCli(['--port', '0', '--speed', '50', '--scenario', scenario], directory, {
      ...process.env,
      TMPDIR: directory,
    })
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1] ?? ''
    expect((await rawCall(url, 'ssm', 'AmazonSSM.GetParameter', '{"Name":"/p"}')).json()).toMatchObject({
      Parameter: { Value: 'from the file' },
    })
    expect((await readdir(directory)).some((name) => name.startsWith('aws-simulator-'))).toBe(true)
    child.kill('SIGTERM')
    expect((await once(child, 'exit'))[0]).toBe(0)
    expect(await readdir(directory)).toEqual(['scenario.json'])
    await rm(directory, { recursive: true })
  })

  test.each([
    [['--port', 'eighty'], "--port must be a port number, not 'eighty'."],
    [['--speed', '0'], "--speed must be a number greater than 0, not '0'."],
    [['--registry', 'docker'], "--registry must be ecr or oci, not 'docker'."],
    [['--scenario', '/does/not/exist.json'], '--scenario: /does/not/exist.json cannot be read as JSON'],
    [['--verbose'], "Unknown option '--verbose'"],
  ])('%j is refused with a usage line', async (args, message) => {
    const child = runCli(args)
    const text = textOf(child.stderr)
    expect((await once(child, 'exit'))[0]).toBe(2)
    expect(await text).toContain(message)
    expect(await text).toContain('usage: npm run simulator')
  })
})
