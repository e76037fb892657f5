import { type Grace, githubGrace } from './process.ts'

/**
 * Time for tests: since the wall clock's `since` (milliseconds) it runs `speed` times as fast as the wall clock.
 */
export interface Time {
  speed: number
  since: number
}

/** Below this, in wall milliseconds, a loaded machine would kill processes that are in time. */
const leastGrace = 4_000

/** Arguments that make Node run a script in a time of its own; none for the machine's. */
export function preloadOf(time: Time | undefined): string[] {
  if (!time || time.speed === 1) return []
  return ['--import', new URL(`scaled-time.mjs?speed=${time.speed}&since=${time.since}`, import.meta.url).href]
}

/** GitHub's patience after a cancel, in a time that runs faster. */
export function graceAt({ speed }: Time = { speed: 1, since: 0 }): Grace {
  const scaled = (milliseconds: number) => Math.min(milliseconds, Math.max(leastGrace, milliseconds / speed))
  return { interrupt: scaled(githubGrace.interrupt), terminate: scaled(githubGrace.terminate) }
}
