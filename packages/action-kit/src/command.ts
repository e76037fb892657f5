import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { exec } from '@actions/exec'
import { UserError } from './errors.ts'

export interface CommandOptions {
  cwd: string
  env: NodeJS.ProcessEnv
  /** Stops the command as Ctrl-C would, and after `graceMs` for good. */
  signal?: AbortSignal
  graceMs?: number
  /** Gets every line of both streams as it comes. */
  onLine?: (line: string) => void
}

export interface CommandResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** The program is not on the PATH. */
export class MissingProgramError extends UserError {}

/**
 * Runs one program with an argument array, without a shell. An exit code other than 0 is a result, not an error.
 * Throws a MissingProgramError when there is no such program, and a UserError when the run was cancelled.
 */
export async function command(program: string, args: string[], options: CommandOptions): Promise<CommandResult> {
  const { cwd, env, signal, graceMs = 5_000, onLine = () => {} } = options
  if (signal?.aborted) throw cancelled(program)
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  const stopping = stopOnAbort(signal, graceMs)
  try {
    const exitCode = await exec(program, args, {
      cwd,
      env: definedOnly(env),
      silent: true,
      ignoreReturnCode: true,
      listeners: {
        stdout: (data) => void output.stdout.push(data),
        stderr: (data) => void output.stderr.push(data),
        stdline: onLine,
        errline: onLine,
      },
    })
    if (signal?.aborted) throw cancelled(program)
    return { exitCode, stdout: text(output.stdout), stderr: text(output.stderr) }
  } catch (error) {
    if (error instanceof Error && /Unable to locate executable file/.test(error.message))
      throw new MissingProgramError(`There is no program "${program}" on the PATH of this runner.`, { cause: error })
    throw error
  } finally {
    stopping.dispose()
  }
}

/**
 * @actions/exec keeps its child to itself; Node announces every child on this channel, and the next one is ours.
 */
function stopOnAbort(signal: AbortSignal | undefined, graceMs: number) {
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  const stop = () => {
    child?.kill('SIGINT')
    timer = setTimeout(() => child?.kill('SIGKILL'), graceMs)
  }
  const remember = (message: unknown) => {
    child ??= (message as { process: ChildProcess }).process
    if (signal?.aborted) stop()
  }
  subscribe('child_process', remember)
  signal?.addEventListener('abort', stop, { once: true })
  return {
    dispose() {
      unsubscribe('child_process', remember)
      signal?.removeEventListener('abort', stop)
      clearTimeout(timer)
    },
  }
}

/** What Docker, git and their helpers need: paths, the language, where the engine is, proxies, an SSH agent. */
const needed =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+|SSH_AUTH_SOCK|DOCKER_\w+|BUILDX_\w+|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_\w+)$/i

/**
 * The environment for a program that is asked something: without inputs, credentials and whatever else a job holds.
 */
export function toolEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => needed.test(name)))
}

function cancelled(program: string): UserError {
  return new UserError(`The run was cancelled while ${program} was at work. It was stopped; nothing was pushed.`)
}

function text(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8')
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
