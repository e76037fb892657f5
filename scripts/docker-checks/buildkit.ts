import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What BuildKit's own Go packages answer (buildkit-walk/main.go). */
export interface BuildKitAnswer {
  error?: string
  /** Names and links in hex. */
  entries: { path: string; mode: string; link: string }[]
  /** Hash of all that the builder would receive. */
  view?: string
}

export type BuildKitQuestion =
  | { root: string; ignore: string }
  | { context: string; dockerfile?: string; named?: Record<string, string> }

export interface BuildKit {
  ask(question: BuildKitQuestion): Promise<BuildKitAnswer>
  close(): void
}

/** Starts the program that `.ci` built from BuildKit's packages; it answers a line for a line. */
export function startBuildKit(program: string): BuildKit {
  const process: ChildProcessWithoutNullStreams = spawn(program)
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  process.stderr.resume()
  return {
    async ask(question) {
      process.stdin.write(`${JSON.stringify(question)}\n`)
      return JSON.parse(String((await answers.next()).value))
    },
    close: () => void process.stdin.end(),
  }
}
