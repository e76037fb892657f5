import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/**
 * Patience with processes, in milliseconds: after SIGINT, and then after SIGTERM. The runner's own: 7500 and 2500.
 */
export interface Grace {
  interrupt: number
  terminate: number
  /**
   * How long the output may stay open after the process has gone: a child in the background may hold it. 10 s when
   * left out.
   */
  streams?: number
}

export const githubGrace: Grace = { interrupt: 7500, terminate: 2500, streams: 10_000 }

export interface ProcessResult {
  exitCode: number
  /** Ended because of the abort signal; `killed` when it had to be forced. */
  cancelled: boolean
  killed: boolean
}

/**
 * Runs a process in a group of its own with exactly the environment given, handing over each line of both streams.
 * When `signal` aborts: SIGINT to the process itself, then SIGTERM, then SIGKILL to its whole group, as the runner
 * does it. Throws when the program cannot be started.
 */
export async function runProcess(options: {
  file: string
  args: string[]
  cwd: string
  env: Record<string, string>
  onLine: (line: string) => void
  signal?: AbortSignal | undefined
  grace?: Grace | undefined
  /** Whether what the process left in the background lives on after it. */
  keepBackground?: boolean
}): Promise<ProcessResult> {
  const { signal, grace = githubGrace } = options
  if (signal?.aborted) return { exitCode: 130, cancelled: true, killed: false }
  const child = spawn(options.file, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let killed = false
  const timers: NodeJS.Timeout[] = []
  const cancel = () => {
    child.kill('SIGINT')
    timers.push(
      setTimeout(() => child.kill('SIGTERM'), grace.interrupt),
      setTimeout(() => {
        killed = true
        killGroup(child)
      }, grace.interrupt + grace.terminate),
    )
  }
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    const streams = [linesOf(child.stdout, options.onLine), linesOf(child.stderr, options.onLine)]
    const exitCode = await exitOf(child)
    if (!options.keepBackground) killGroup(child)
    const patience = grace.streams ?? githubGrace.streams
    await Promise.race([Promise.all(streams), new Promise((done) => timers.push(setTimeout(done, patience)))])
    // Nothing that a child in the background prints later belongs to this step.
    for (const stream of [child.stdout, child.stderr]) stream.destroy()
    return { exitCode, cancelled: signal?.aborted ?? false, killed }
  } finally {
    signal?.removeEventListener('abort', cancel)
    for (const timer of timers) clearTimeout(timer)
    if (!options.keepBackground) killGroup(child)
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)))
  })
}

/** A process ended by a signal counts as 128 + its number. */
function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal as 'SIGINT'] ?? 1)
}

function linesOf(stream: Readable, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
    lines.on('line', onLine)
    lines.once('close', resolve)
  })
}

/** Ends whatever is left of the child's process group. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
