/**
 * Stands in for the Docker CLI where no engine answers, so that the demonstration and the process tests have an image: it assembles an OCI
 * layout from COPY and metadata instructions alone. It runs nothing and pulls nothing, says so, and refuses what it cannot do truthfully.
 *
 * DOCKER_STAND_IN_RECORD   file that gets one JSON line per invocation: { argv, env: names of the variables }
 * DOCKER_STAND_IN_DRIVER   docker-container (default) or docker (cannot export OCI, loads and saves)
 * DOCKER_STAND_IN_MISSING  buildx or daemon: answers as a machine without it
 * DOCKER_STAND_IN_SKIP     RUN: leaves commands out, naming each, instead of refusing them
 * DOCKER_STAND_IN_STORE    where `--load` keeps images, for `save`
 */
import { appendFileSync } from 'node:fs'
import { parseBuildArguments } from './docker-build/arguments.mjs'
import { build } from './docker-build/build.mjs'
import { CommandError } from './docker-build/errors.mjs'
import { save } from './docker-build/store.mjs'

const env = process.env
const driver = env.DOCKER_STAND_IN_DRIVER ?? 'docker-container'
const noDaemon =
  'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running? (stand-in)'

const commands = {
  version(args) {
    only(args, [], ['--format', '-f'])
    if (env.DOCKER_STAND_IN_MISSING === 'daemon') throw new CommandError(noDaemon)
    return 'stand-in'
  },
  info(args) {
    only(args, [], ['--format', '-f'])
    if (env.DOCKER_STAND_IN_MISSING === 'daemon') throw new CommandError(noDaemon)
    return JSON.stringify({ ServerVersion: 'stand-in', Driver: 'none', DriverStatus: [] })
  },
  async buildx([command, ...args]) {
    if (env.DOCKER_STAND_IN_MISSING === 'buildx')
      throw new CommandError("docker: 'buildx' is not a docker command. (stand-in)\nSee 'docker --help'")
    if (command === 'version') return 'github.com/docker/buildx stand-in'
    if (command === 'inspect') return inspect(args)
    if (command === 'build')
      return build(parseBuildArguments(args), driver, env, (line) => process.stderr.write(`${line}\n`))
    throw new CommandError(`docker buildx ${command ?? ''}: the stand-in knows version, inspect and build only`)
  },
  save: (args) => save(args, env),
}

function inspect(args) {
  only(
    args.filter((arg) => arg.startsWith('-')),
    ['--bootstrap'],
    [],
  )
  if (driver === 'docker' && env.DOCKER_STAND_IN_MISSING === 'daemon') throw new CommandError(noDaemon)
  return [
    `Name:          stand-in`,
    `Driver:        ${driver}`,
    '',
    'Nodes:',
    'Name:      stand-in0',
    'Status:    running',
  ].join('\n')
}

function only(args, flags, options) {
  const rest = [...args]
  while (rest.length > 0) {
    const arg = rest.shift()
    if (flags.includes(arg)) continue
    if (options.includes(arg) && rest.length > 0) rest.shift()
    else throw new CommandError(`the Docker stand-in does not know "${arg}"`)
  }
}

const [command, ...args] = process.argv.slice(2)
if (env.DOCKER_STAND_IN_RECORD)
  appendFileSync(
    env.DOCKER_STAND_IN_RECORD,
    `${JSON.stringify({ argv: process.argv.slice(2), env: Object.keys(env).sort() })}\n`,
  )
try {
  if (!Object.hasOwn(commands, command ?? ''))
    throw new CommandError(`docker ${command ?? ''}: the stand-in knows version, info, buildx and save only`)
  const answer = await commands[command](args)
  if (answer) process.stdout.write(`${answer}\n`)
} catch (error) {
  process.stderr.write(error instanceof CommandError ? `${error.message}\n` : `${error.stack}\n`)
  process.exitCode = 1
}
