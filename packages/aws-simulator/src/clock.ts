/**
 * The simulator's time. `scaled`: simulated time runs `speed` times as fast as the wall clock, from the moment of
 * creation on. `manual`: it stands still until `advance` moves it, running due timers in order; for in-process
 * tests of the scheduler.
 */
export interface SimClock {
  readonly speed: number
  now(): Date
  /** Runs `action` after `seconds` of simulated time. Returns a function that cancels it. */
  after(seconds: number, action: () => void): () => void
  /** Moves a manual clock on; throws on a scaled one. */
  advance(seconds: number): void
  /** Cancels every timer, so that the process can end. */
  stop(): void
}

interface Timer {
  due: number
  order: number
  action: () => void
}

export function scaledClock(speed = 1, start = new Date()): SimClock {
  const origin = performance.now()
  const timers = new Set<NodeJS.Timeout>()
  return {
    speed,
    now: () => new Date(start.getTime() + (performance.now() - origin) * speed),
    after(seconds, action) {
      const timer = setTimeout(
        () => {
          timers.delete(timer)
          action()
        },
        Math.max(0, (seconds * 1000) / speed),
      )
      timers.add(timer)
      return () => {
        clearTimeout(timer)
        timers.delete(timer)
      }
    },
    advance() {
      throw new Error('A scaled clock cannot be advanced by hand; create the simulator with clock: manual.')
    },
    stop() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}

export function manualClock(start = new Date('2026-11-01T08:00:00Z')): SimClock {
  let now = start.getTime()
  let order = 0
  const timers = new Set<Timer>()
  const next = () => [...timers].sort((a, b) => a.due - b.due || a.order - b.order)[0]
  return {
    speed: 0,
    now: () => new Date(now),
    after(seconds, action) {
      const timer = { due: now + seconds * 1000, order: order++, action }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(seconds) {
      const end = now + seconds * 1000
      for (let timer = next(); timer && timer.due <= end; timer = next()) {
        timers.delete(timer)
        now = timer.due
        timer.action()
      }
      now = end
    },
    stop: () => timers.clear(),
  }
}
