import { command, MissingProgramError, toolEnvironment } from '../src/index.ts'

const options = { cwd: process.cwd(), env: toolEnvironment(process.env) }

test('a command gets its arguments word by word, without a shell, and exactly the environment given', async () => {
  const script = 'console.log(JSON.stringify([process.argv.slice(1), Object.keys(process.env).sort()]))'
  const env = { PATH: process.env.PATH ?? '', A: 'b' }
  const { exitCode, stdout } = await command('node', ['-e', script, '$HOME', 'two words', '*'], { ...options, env })
  const [args, names] = JSON.parse(stdout)
  expect({ exitCode, args }).toEqual({ exitCode: 0, args: ['$HOME', 'two words', '*'] })
  expect(names.filter((name: string) => !name.startsWith('_'))).toEqual(['A', 'PATH'])
})

test('an exit code is a result, a missing program an error of its own', async () => {
  expect(await command('node', ['-e', 'console.error("no"); process.exit(3)'], options)).toMatchObject({
    exitCode: 3,
    stderr: 'no\n',
  })
  await expect(command('no-such-program', [], options)).rejects.toThrow(MissingProgramError)
})

test('a cancel stops the command and says so', async () => {
  const run = new AbortController()
  const running = command('node', ['-e', 'console.log("up"); setInterval(() => {}, 1000)'], {
    ...options,
    signal: run.signal,
    onLine: () => run.abort(),
  })
  await expect(running).rejects.toThrow(/cancelled while node was at work/)
})

test('what a program is asked with holds no input, credential or token', () => {
  const env = {
    PATH: '/bin',
    HOME: '/root',
    DOCKER_HOST: 'unix:///x',
    https_proxy: 'http://proxy',
    SSH_AUTH_SOCK: '/agent',
    INPUT_SECRETS: 'x',
    'INPUT_BUILD-ARGS': 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_SESSION_TOKEN: 'x',
    GITHUB_TOKEN: 'x',
    ACTIONS_RUNTIME_TOKEN: 'x',
    NPM_TOKEN: 'x',
    NODE_OPTIONS: 'x',
  }
  expect(Object.keys(toolEnvironment(env))).toEqual(['PATH', 'HOME', 'DOCKER_HOST', 'https_proxy', 'SSH_AUTH_SOCK'])
})
